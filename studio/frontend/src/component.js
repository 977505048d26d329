const CONNECTION = "data-test-connection-state";

/**
 * Calls `again` when a connection that was lost is back.
 *
 * @param {() => void} again
 */
function whenBack(again) {
  const app = document.querySelector(`[${CONNECTION}]`);
  const observer = new MutationObserver(() => app?.getAttribute(CONNECTION) === "CONNECTED" && again());
  if (app) observer.observe(app, { attributeFilter: [CONNECTION] });
  return () => observer.disconnect();
}

/**
 * What the page was told last, under each name. Streamlit does not send by itself what it could not send while the
 * connection was lost: it is told again, so that nothing that was typed meanwhile is only in the browser.
 */
class Told {
  /** @type {Map<string, unknown>} */
  #values = new Map();
  /** @type {((name: string, value: unknown) => void) | undefined} */
  #send;
  #end = whenBack(() => this.#values.forEach((value, name) => this.#send?.(name, value)));

  /**
   * The arguments of a call, with a `setStateValue` that remembers.
   *
   * @param {any} args
   */
  through(args) {
    this.#send = args.setStateValue;
    const setStateValue = (/** @type {string} */ name, /** @type {unknown} */ value) => {
      this.#values.set(name, value);
      args.setStateValue(name, value);
    };
    return { ...args, setStateValue };
  }

  end() {
    this.#end();
  }
}

/**
 * The default export of a Streamlit component (v2) that keeps one instance for each place on the page.
 *
 * Streamlit calls the export at every change of the data. It also calls the clean-up of a call that newer data
 * overtook; only the clean-up of the latest call may take the instance away.
 *
 * @template Args
 * @param {(parent: ShadowRoot) => {update: (args: Args) => void, destroy: () => void}} create
 */
export function component(create) {
  const places = new WeakMap();
  /** @param {any} args */
  return (args) => {
    const parent = args.parentElement;
    const { instance, told } = places.get(parent) ?? { instance: create(parent), told: new Told() };
    const call = { instance, told };
    places.set(parent, call);
    instance.update(told.through(args));
    return () => {
      if (places.get(parent) !== call) return;
      places.delete(parent);
      told.end();
      instance.destroy();
    };
  };
}

/** The element that a component draws itself in, and its style sheet. */
export function stage(parent, css = "") {
  const style = document.createElement("style");
  style.textContent = css;
  const host = document.createElement("div");
  parent.append(style, host);
  const remove = () => {
    style.remove();
    host.remove();
  };
  return { host, remove };
}
