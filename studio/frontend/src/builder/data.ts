/** What Python gives the canvas, and what it is told: see `studio/canvas.py`. */
import type { Draft } from "../draft/types.ts";
import type { Said, Told } from "../draft/sync.ts";

export interface CatalogAction {
  readonly uses: string;
  readonly title: string;
  readonly description: string;
  readonly icon: string;
  readonly writes: boolean;
}

export interface CatalogGroup {
  readonly id: string;
  readonly title: string;
  readonly icon: string;
  readonly actions: readonly CatalogAction[];
}

/** How a step fared in the run that is shown. Times are seconds, `cost` is in US dollars. */
export interface Mark {
  readonly status: string;
  readonly seconds?: number | null;
  readonly done?: number;
  readonly total?: number;
  readonly cached?: number;
  readonly cost?: number | null;
  readonly error?: string | null;
}

export interface Problem {
  readonly step: string | null;
  readonly message: string;
}

export interface Look {
  readonly word: string;
  readonly color: string;
  readonly icon: string;
}

/** How a box differs between two versions; `fields` counts what differs in it. */
export interface Change {
  readonly kind: "added" | "removed" | "changed" | "moved";
  readonly fields: number;
}

/** The version that the draft is compared with, and what differs by box: steps, and states as "step:state". */
export interface Comparison {
  readonly before: Draft;
  readonly changes: Readonly<Record<string, Change>>;
}

export interface Data extends Said {
  readonly draft: Draft;
  readonly catalog: readonly CatalogGroup[];
  readonly status: Readonly<Record<string, Mark>>;
  readonly looks: Readonly<Record<string, Look>>;
  readonly problems: readonly Problem[];
  readonly selected: string | null;
  /** Changes when the page chose `selected`, and not the person on the canvas. */
  readonly choice: number;
  readonly readOnly: boolean;
  /** Two versions are shown as one picture, to be looked at. */
  readonly compare: Comparison | null;
  readonly height: number;
}

export interface Selected {
  readonly step: string | null;
  /** The state of that step. */
  readonly state: string | null;
  /** It was opened, to be looked at closer (Enter, double click). */
  readonly opened: boolean;
  /** Milliseconds since 1970: tells one choice from the next. */
  readonly at: number;
}

/** How the canvas tells Python. */
export interface Teller {
  edit(told: Told): void;
  selected(selected: Selected): void;
}
