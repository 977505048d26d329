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
    const instance = places.get(parent)?.instance ?? create(parent);
    const call = { instance };
    places.set(parent, call);
    instance.update(args);
    return () => {
      if (places.get(parent) !== call) return;
      places.delete(parent);
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
