import type { Field } from "./field.ts";
import { Focus } from "./focus.ts";
import type { Form } from "./form.ts";
import { beside, follow, layer } from "./layer.ts";
import { Tree } from "./tree.ts";

/** The values that can be inserted, beside the field that the person was in last. */
export class Panel {
  readonly #element = layer("panel");
  readonly #focus = new Focus(this.#element);
  readonly #search = document.createElement("input");
  readonly #title = document.createElement("div");
  readonly #none = document.createElement("p");
  readonly #tree: Tree;
  readonly #form: Form;
  #field: Field | null = null;
  #isOpen = false;

  constructor(host: HTMLElement, form: Form) {
    this.#form = form;
    this.#tree = new Tree({
      insert: (path, byKeyboard) => this.#insert(path, byKeyboard),
      leave: () => this.focus(),
    });
    this.#build();
    host.append(this.#element);
    form.seat(this);
  }

  /** The field that it is open for. */
  get openFor(): Field | null {
    return this.#isOpen ? this.#field : null;
  }

  get hasFocus(): boolean {
    return this.#focus.isIn;
  }

  toggle(field: Field): void {
    if (this.openFor === field) return this.close();
    if (!this.#isOpen) this.#search.value = "";
    this.open(field);
    this.focus();
  }

  focus(): void {
    this.#search.focus({ preventScroll: true });
  }

  open(field: Field): void {
    const isNew = !this.#isOpen;
    this.#isOpen = true;
    this.#field = field;
    this.#title.textContent = `Insert into ${field.label}`;
    if (isNew) {
      this.redraw();
      addEventListener("pointerdown", this.#outside, true);
      follow(this.#element, () => this.#field!.place, beside);
    }
  }

  close(): void {
    if (!this.#isOpen) return;
    const { hasFocus } = this;
    this.#isOpen = false;
    removeEventListener("pointerdown", this.#outside, true);
    if (this.#element.matches(":popover-open")) this.#element.hidePopover(); // else it was taken out of the page
    if (hasFocus) this.#field?.focus();
  }

  redraw(): void {
    this.#tree.show(this.#form.names, this.#search.value);
    this.#none.hidden = !this.#tree.isEmpty;
    this.#none.textContent = this.#search.value
      ? "Nothing here fits."
      : "There is nothing to insert yet. Run the workflow once to see what its steps give.";
  }

  destroy(): void {
    this.#form.unseat(this);
    this.close();
  }

  #insert(path: string, byKeyboard: boolean): void {
    if (byKeyboard) this.close();
    this.#field?.insert(path);
  }

  readonly #outside = (event: PointerEvent): void => {
    const path = event.composedPath();
    const isOurs = path.includes(this.#element) || path.some((one) => one instanceof Element && one.matches(".field .box, .field .opener"));
    if (!isOurs) this.close();
  };

  #build(): void {
    this.#element.setAttribute("role", "dialog");
    this.#element.setAttribute("aria-label", "Values to insert");
    const head = document.createElement("div");
    head.className = "panel-head";
    const close = document.createElement("button");
    close.type = "button";
    close.className = "close";
    close.textContent = "✕";
    close.setAttribute("aria-label", "Close");
    close.addEventListener("click", () => this.close());
    head.append(this.#title, close);
    this.#search.type = "search";
    this.#search.placeholder = "Find a value";
    this.#search.setAttribute("aria-label", "Find a value");
    this.#search.addEventListener("input", () => this.redraw());
    this.#none.className = "none";
    this.#element.append(head, this.#search, this.#tree.element, this.#none);
    this.#element.addEventListener("keydown", (event) => this.#keyDown(event));
  }

  #keyDown(event: KeyboardEvent): void {
    event.stopPropagation();
    if (event.key === "Escape") this.close();
    else if (event.target !== this.#search) return;
    else if (event.key === "ArrowDown") this.#tree.focus();
    else if (event.key === "Enter") this.#tree.insertNearest();
    else return;
    event.preventDefault();
  }
}
