import { arrange, type Arrangement } from "../draft/arrange.ts";
import { begin, record, redo, undo, type History } from "../draft/history.ts";
import { hear, meet, tell, type Sync } from "../draft/sync.ts";
import type { Draft } from "../draft/types.ts";
import type { Data, Teller } from "./data.ts";

/** Where the palette puts the next step, when it was opened for a certain place. */
export type Aim = { readonly line: string } | { readonly after: string; readonly way: string } | null;

export interface View {
  readonly data: Data;
  readonly draft: Draft;
  readonly arrangement: Arrangement;
  readonly canUndo: boolean;
  readonly canRedo: boolean;
  /** Boxes that are chosen: steps, states ("step:state") and notes ("note:0"). */
  readonly selected: ReadonlySet<string>;
  /** The line that is chosen. */
  readonly line: string | null;
  /** The box that Tab leads to. */
  readonly current: string | null;
  readonly aim: Aim;
  readonly panel: "" | "help" | "list";
  readonly paletteOpen: boolean;
  readonly renaming: string | null;
  /** The note that is being written. */
  readonly writing: string | null;
  /** The box, and its port, that a line is drawn from by keyboard. */
  readonly connecting: { readonly source: string; readonly port: string } | null;
  /** What lies under the thing that is dragged: a line or a box that takes it up. */
  readonly over: string | null;
  readonly message: string;
  /** A box that is to be in sight: a new object each time. */
  readonly reveal: { readonly id: string } | null;
  readonly minimap: boolean;
}

const BURST = 200;

/** What the canvas knows, outside of React: the draft with its history, and what a person does with it just now. */
export class Store {
  view: View;
  #listeners = new Set<() => void>();
  #history: History;
  #sync: Sync;
  #teller: Teller;
  #choice: number;
  #lastTold: string | null;
  #told = 0;
  #waiting: ReturnType<typeof setTimeout> | undefined;
  #quiet: ReturnType<typeof setTimeout> | undefined;

  constructor(data: Data, teller: Teller) {
    this.#teller = teller;
    this.#history = begin(data.draft);
    this.#sync = meet(data);
    this.#choice = data.choice;
    this.#lastTold = data.selected;
    this.view = {
      data,
      draft: data.draft,
      arrangement: arrange(data.draft),
      canUndo: false,
      canRedo: false,
      selected: new Set(data.selected ? [data.selected] : []),
      line: null,
      current: data.selected,
      aim: null,
      panel: "",
      paletteOpen: false,
      renaming: null,
      writing: null,
      connecting: null,
      over: null,
      message: "",
      reveal: null,
      minimap: true,
    };
  }

  subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  set(change: Partial<View>): void {
    this.view = { ...this.view, ...change };
    for (const listener of this.#listeners) listener();
  }

  /** Take up what a script run says. */
  hear(data: Data): void {
    const { sync, draft, answer } = hear(this.#sync, data, this.#history.present);
    this.#sync = sync;
    this.#history = record(this.#history, draft, "", Date.now());
    const chosen = data.choice !== this.#choice;
    this.#choice = data.choice;
    if (chosen) this.#lastTold = data.selected;
    const id = data.selected;
    const choice = chosen && id ? { selected: new Set([id]), current: id, line: null, reveal: { id } } : {};
    this.#show({ data, ...choice });
    if (answer) this.#send();
  }

  /** Change the draft. Edits of one `kind` in quick succession are undone together. */
  edit(draft: Draft, change: Partial<View> = {}, kind = ""): void {
    if (this.view.data.readOnly) return;
    this.#history = record(this.#history, draft, kind, Date.now());
    this.#show({ ...change, aim: null, over: null });
    this.#sendSoon();
  }

  undo(): void {
    this.#go(undo(this.#history), "Undone.", "Nothing to undo.");
  }

  redo(): void {
    this.#go(redo(this.#history), "Done again.", "Nothing to do again.");
  }

  #go(history: History | null, done: string, nothing: string): void {
    if (this.view.data.readOnly) return;
    if (!history) return this.say(nothing);
    this.#history = history;
    this.#show({ aim: null });
    this.say(done);
    this.#sendSoon();
  }

  #show(change: Partial<View>): void {
    const { present, past, future } = this.#history;
    const arrangement = present === this.view.draft ? this.view.arrangement : arrange(present);
    const view = { ...this.view, ...change, draft: present, arrangement };
    const there = (id: string) => arrangement.has(id) || id.startsWith("note:");
    const selected = [...view.selected].every(there) ? view.selected : new Set([...view.selected].filter(there));
    const current = view.current && there(view.current) ? view.current : null;
    this.set({ ...view, selected, current, canUndo: past.length > 0, canRedo: future.length > 0 });
    this.#tellSelected();
  }

  /** Choose boxes, and tell the page when it is another step than before. */
  select(ids: Iterable<string>, change: Partial<View> = {}): void {
    const selected = new Set(ids);
    this.set({ selected, line: null, current: [...selected].at(-1) ?? this.view.current, aim: null, ...change });
    this.#tellSelected();
  }

  /** Choose a step to be looked at closer: the page shows its settings. */
  open(id: string): void {
    this.select([id]);
    this.#tellSelected(true);
  }

  #tellSelected(opened = false): void {
    const [id] = this.view.selected.size === 1 ? this.view.selected : [null];
    const step = id && !id.includes(":") ? id : null;
    if (step === this.#lastTold && !opened) return;
    this.#lastTold = step;
    this.#teller.selected({ step, opened, at: Date.now() });
  }

  /** Say something to the person, for some seconds; a screen reader reads it out. */
  say(message: string): void {
    this.set({ message });
    clearTimeout(this.#quiet);
    this.#quiet = setTimeout(() => this.set({ message: "" }), 6000);
  }

  // The first edit is told at once; what follows in quick succession is told together.
  #sendSoon(): void {
    if (this.#waiting) return;
    const wait = Math.max(0, this.#told + BURST - Date.now());
    if (wait === 0) this.#send();
    else this.#waiting = setTimeout(() => this.#send(), wait);
  }

  #send(): void {
    clearTimeout(this.#waiting);
    this.#waiting = undefined;
    this.#told = Date.now();
    const { sync, told } = tell(this.#sync, this.#history.present);
    this.#sync = sync;
    this.#teller.edit(told);
  }

  /** Tell what waits to be told: before a person does something else on the page. */
  flush = (): void => {
    if (this.#waiting) this.#send();
  };

  close(): void {
    this.flush();
    clearTimeout(this.#quiet);
    this.#listeners.clear();
  }
}
