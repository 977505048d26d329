import type { Field } from "./field.ts";
import { namesOf, type Given, type Name } from "./values.ts";
import type { Panel } from "./panel.ts";

/** Milliseconds for which a part that is taken away may come back as it was: Streamlit draws one anew when something
 * above it comes or goes. */
export const BACK = 3000;

/** Milliseconds for which a wish to see the values stands, unless the person turns to something else. */
const PATIENCE = 30_000;

/** What the fields of one form share: the names that they can use, and the panel that shows them. The parts of a form are
 * drawn one by one, in any order, and drawn anew. */
export class Form {
  static readonly #all = new Map<string, Form>();

  names: readonly Name[] = [];
  readonly #fields = new Map<string, Field>();
  #panel: Panel | null = null;
  /** The field whose values a person wants to see, while it or the panel is not there. */
  #wanted: { readonly field: string; readonly takesFocus: boolean; readonly at: number } | null = null;

  static of(id: string): Form {
    let form = this.#all.get(id);
    if (!form) this.#all.set(id, (form = new Form()));
    return form;
  }

  /** A person turns to something else: nothing that they asked for before opens over it. */
  static turn(): void {
    for (const form of this.#all.values()) form.#wanted = null;
  }

  get panel(): Panel | null {
    return this.#panel;
  }

  take(given: readonly Given[]): void {
    this.names = namesOf(given);
    this.#panel?.redraw();
  }

  /** The field is drawn. */
  come(field: Field): void {
    this.#fields.set(field.id, field);
    this.#meet();
  }

  /** The field is taken away. Its next one may be there already. */
  leave(field: Field): void {
    if (this.#fields.get(field.id) === field) this.#fields.delete(field.id);
    if (this.#panel?.openFor !== field) return;
    this.#want(field, this.#panel.hasFocus);
    this.#panel.close();
    this.#meet();
  }

  /** The panel is drawn. */
  seat(panel: Panel): void {
    this.#panel = panel;
    this.#meet();
  }

  /** The panel is taken away. Its next one may be there already. */
  unseat(panel: Panel): void {
    if (panel.openFor) this.#want(panel.openFor, panel.hasFocus);
    if (this.#panel === panel) this.#panel = null;
    this.#meet();
  }

  /** A person asks for the values for this field, or for none any more. */
  ask(field: Field): void {
    if (this.#panel) this.#panel.toggle(field);
    else this.#want(field, true);
  }

  /** A person is in this field now: a panel that is open goes there. */
  enter(field: Field): void {
    if (this.#panel?.openFor) this.#panel.open(field);
  }

  #want(field: Field, takesFocus: boolean): void {
    this.#wanted = { field: field.id, takesFocus, at: Date.now() };
  }

  #meet(): void {
    const wanted = this.#wanted;
    const field = wanted && this.#fields.get(wanted.field);
    if (!this.#panel || !field) return;
    this.#wanted = null;
    if (Date.now() - wanted.at > PATIENCE) return;
    this.#panel.open(field);
    if (wanted.takesFocus) this.#panel.focus();
  }
}
