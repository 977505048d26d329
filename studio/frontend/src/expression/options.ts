import type { Option } from "./complete.ts";
import { glyph } from "./glyph.ts";
import { below, follow, layer } from "./layer.ts";

/** The list that opens while an expression is typed. Focus stays in the text. */
export class Options {
  readonly element = layer("options");
  readonly #text: HTMLTextAreaElement;
  readonly #choose: (option: Option) => void;
  #options: readonly Option[] = [];
  #at = 0;

  constructor(text: HTMLTextAreaElement, choose: (option: Option) => void) {
    this.#text = text;
    this.#choose = choose;
    this.element.id = "options";
    this.element.tabIndex = 0; // it scrolls; Tab takes what is chosen, so nobody gets here
    this.element.setAttribute("role", "listbox");
    this.element.setAttribute("aria-label", "What can stand here");
    this.element.addEventListener("mousedown", (event) => event.preventDefault());
    this.element.addEventListener("click", (event) => {
      const row = (event.target as Element).closest<HTMLElement>("[role=option]");
      if (row) this.#choose(this.#options[Number(row.dataset.at)]!);
    });
  }

  get isOpen(): boolean {
    return this.element.matches(":popover-open");
  }

  show(options: readonly Option[], caret: () => DOMRect): void {
    if (!options.length) return this.close();
    this.#options = options;
    this.#at = 0;
    this.element.replaceChildren(...options.map(row));
    if (!this.isOpen) follow(this.element, caret, below);
    this.#text.setAttribute("aria-controls", "options");
    this.#mark();
  }

  close(): void {
    if (this.isOpen) this.element.hidePopover();
    this.#text.removeAttribute("aria-controls");
    this.#text.removeAttribute("aria-activedescendant");
  }

  /** Whether the key was for the list. */
  press(key: string): boolean {
    if (!this.isOpen) return false;
    const count = this.#options.length;
    if (key === "ArrowDown") this.#at = (this.#at + 1) % count;
    else if (key === "ArrowUp") this.#at = (this.#at + count - 1) % count;
    else if (key === "Enter" || key === "Tab") {
      this.#choose(this.#options[this.#at]!);
      return true;
    } else if (key === "Escape") {
      this.close();
      return true;
    } else return false;
    this.#mark();
    return true;
  }

  #mark(): void {
    [...this.element.children].forEach((row, at) => {
      row.setAttribute("aria-selected", String(at === this.#at));
      if (at === this.#at) row.scrollIntoView({ block: "nearest" });
    });
    this.#text.setAttribute("aria-activedescendant", `option-${this.#at}`);
  }
}

function row(option: Option, at: number): HTMLElement {
  const row = document.createElement("div");
  row.id = `option-${at}`;
  row.dataset.at = String(at);
  row.setAttribute("role", "option");
  const label = document.createElement("span");
  label.className = "label";
  label.textContent = option.label;
  const told = document.createElement("span");
  told.className = "value";
  told.textContent = option.told;
  row.append(glyph(option.kind), label, told);
  return row;
}
