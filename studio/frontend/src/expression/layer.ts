const EDGE = 8;
const MOST = 340;

/** By layer: the latest opening of it. */
const following = new WeakMap<HTMLElement, object>();

/** Something that lies over the page, whatever stands around it. */
export function layer(name: string): HTMLElement {
  const element = document.createElement("div");
  element.className = `layer ${name}`;
  element.popover = "manual";
  return element;
}

/** Show a layer, and keep it where it belongs: the page moves below it, and what it shows changes. */
export function follow(element: HTMLElement, place: () => DOMRect, put: (element: HTMLElement, at: DOMRect) => void): void {
  element.showPopover();
  const own = {};
  following.set(element, own);
  let before = "";
  const look = (): void => {
    if (!element.matches(":popover-open") || following.get(element) !== own) return;
    const at = place();
    const now = [at.left, at.top, at.bottom, innerWidth, innerHeight, element.offsetWidth, element.offsetHeight].join();
    if (now !== before) put(element, at);
    before = now;
    requestAnimationFrame(look);
  };
  look();
}

/** Below a place; above it where there is more room. */
export function below(element: HTMLElement, at: DOMRect): void {
  const roomBelow = innerHeight - at.bottom - EDGE;
  const roomAbove = at.top - EDGE;
  const isBelow = roomBelow >= Math.min(element.scrollHeight + 2, MOST) || roomBelow >= roomAbove;
  element.style.maxHeight = `${Math.max(120, Math.min(MOST, isBelow ? roomBelow : roomAbove))}px`;
  element.style.left = `${Math.max(EDGE, Math.min(at.left, innerWidth - element.offsetWidth - EDGE))}px`;
  element.style.top = isBelow ? `${at.bottom + 4}px` : "";
  element.style.bottom = isBelow ? "" : `${innerHeight - at.top + 4}px`;
}

/** Left of a place, where the canvas is; below it on a narrow screen. */
export function beside(element: HTMLElement, at: DOMRect): void {
  if (at.left < element.offsetWidth + 2 * EDGE) return below(element, at);
  const height = Math.min(element.offsetHeight, innerHeight - 2 * EDGE);
  element.style.maxHeight = `${Math.min(440, innerHeight - 2 * EDGE)}px`;
  element.style.bottom = "";
  element.style.left = `${at.left - element.offsetWidth - EDGE}px`;
  element.style.top = `${Math.max(EDGE, Math.min(at.top, innerHeight - height - EDGE))}px`;
}
