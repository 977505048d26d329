import { arrange, type Arrangement } from "../draft/arrange.ts";
import { compare, type Compared } from "../draft/compare.ts";
import { begin, record, redo, undo, type History } from "../draft/history.ts";
import { hear, meet, tell, type Sync } from "../draft/sync.ts";
import type { Draft } from "../draft/types.ts";
import type { Data, Teller } from "./data.ts";

/** Where the palette puts the next step, when it was opened for a certain place. */
export type Aim = { readonly line: string } | { readonly after: string; readonly way: string } | null;

/** What is drawn: the draft, or it together with the version that it is compared with. */
interface Picture {
  readonly draft: Draft;
  readonly arrangement: Arrangement;
  readonly compared: Compared | null;
}

/** A line that is being drawn by keyboard from a port of a box, or led to another box with one of its ends. */
export type Connecting = { readonly source: string; readonly port: string } | { readonly line: string; readonly end: Side };

export type Side = "source" | "target";

export interface View extends Picture {
  readonly data: Data;
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
  /** The step, state ("step:state") or transition ("step:state#name") whose names are being edited. */
  readonly renaming: string | null;
  /** The note that is being written. */
  readonly writing: string | null;
  readonly connecting: Connecting | null;
  /** The end of a line that is dragged, and where it is on the canvas. */
  readonly moving: { readonly line: string; readonly end: Side; readonly x: number; readonly y: number } | null;
  /** What lies under the thing that is dragged: a line or a box that takes it up. */
  readonly over: string | null;
  readonly message: string;
  /** A box that is to be in sight: a new object each time. */
  readonly reveal: { readonly id: string } | null;
  readonly minimap: boolean;
}

const BURST = 200;

function pictureOf(draft: Draft, { compare: comparison }: Data): Picture {
  if (!comparison) return { draft, arrangement: arrange(draft), compared: null };
  const compared = compare(comparison.before, draft);
  return { draft: compared.draft, arrangement: compared.arrangement, compared };
}

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
      ...pictureOf(data.draft, data),
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
      moving: null,
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
    const data = change.data ?? this.view.data;
    const stays = present === this.view.draft && !data.compare;
    const view = { ...this.view, ...change, ...(stays ? {} : pictureOf(present, data)) };
    const { arrangement } = view;
    const there = (id: string) => arrangement.has(id) || id.startsWith("note:");
    const selected = [...view.selected].every(there) ? view.selected : new Set([...view.selected].filter(there));
    const current = view.current && there(view.current) ? view.current : null;
    this.set({ ...view, selected, current, canUndo: past.length > 0, canRedo: future.length > 0 });
    this.#tellSelected();
  }

  /** Choose boxes, and tell the page when it is another step or state than before. */
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
    const box = id && !id.startsWith("note:") ? id : null;
    if (box === this.#lastTold && !opened) return;
    this.#lastTold = box;
    const [step = null, state = null] = box ? box.split(":") : [];
    this.#teller.selected({ step, state, opened, at: Date.now() });
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
