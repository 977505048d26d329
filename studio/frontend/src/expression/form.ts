import type { Field } from "./field.ts";
import { namesOf, type Given, type Name } from "./values.ts";
import type { Panel } from "./panel.ts";

/** What the fields of one form share: the names that they can use, and the panel that shows them. The parts of a form are
 * drawn one by one, in any order. */
export class Form {
  static readonly #all = new Map<string, Form>();

  names: readonly Name[] = [];
  panel: Panel | null = null;

  static of(id: string): Form {
    let form = this.#all.get(id);
    if (!form) this.#all.set(id, (form = new Form()));
    return form;
  }

  take(given: readonly Given[]): void {
    this.names = namesOf(given);
    this.panel?.redraw();
  }

  /** A person is in this field now: a panel that is open goes there. */
  enter(field: Field): void {
    if (this.panel?.isOpen) this.panel.open(field);
  }

  leave(field: Field): void {
    this.panel?.leave(field);
  }
}
