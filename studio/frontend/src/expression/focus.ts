/** Whether the focus is in an element, or was when the element was taken out of the page: by the time a component hears
 * that it goes, it is out, and the browser has forgotten. */
export class Focus {
  #isIn = false;

  constructor(element: HTMLElement) {
    element.addEventListener("focusin", () => (this.#isIn = true));
    element.addEventListener("focusout", () => {
      queueMicrotask(() => (this.#isIn &&= !element.isConnected || element.matches(":focus-within")));
    });
  }

  get isIn(): boolean {
    return this.#isIn;
  }
}

/** Whether nothing on the page has the focus: what had it was taken away. */
export function isFocusLost(): boolean {
  return !document.activeElement || document.activeElement === document.body;
}
