import type { Field } from "./field.ts";
import { namesOf, type Given, type Name } from "./values.ts";
import type { Panel } from "./panel.ts";

/** What the fields of one form share: the names that they can use, and the panel that shows them. The parts of a form are
 * drawn one by one, in any order. */
export class Form {
  static readonly #all = new Map<string, Form>();

  names: readonly Name[] = [];
  #panel: Panel | null = null;
  /** The field whose values are asked for before the panel is drawn. */
  #asking: Field | null = null;

  static of(id: string): Form {
    let form = this.#all.get(id);
    if (!form) this.#all.set(id, (form = new Form()));
    return form;
  }

  get panel(): Panel | null {
    return this.#panel;
  }

  take(given: readonly Given[]): void {
    this.names = namesOf(given);
    this.#panel?.redraw();
  }

  /** The panel is drawn. */
  seat(panel: Panel): void {
    this.#panel = panel;
    if (this.#asking) panel.toggle(this.#asking);
    this.#asking = null;
  }

  /** The panel is taken away. */
  unseat(panel: Panel): void {
    if (this.#panel === panel) this.#panel = null;
  }

  /** A person asks for the values for this field, or for none any more. */
  ask(field: Field): void {
    if (this.#panel) this.#panel.toggle(field);
    else this.#asking = field;
  }

  /** A person is in this field now: a panel that is open goes there. */
  enter(field: Field): void {
    if (this.#panel?.isOpen) this.#panel.open(field);
  }

  leave(field: Field): void {
    this.#panel?.leave(field);
    if (this.#asking === field) this.#asking = null;
  }
}
