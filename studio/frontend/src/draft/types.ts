/** A workflow draft as its file says it (`orchestrator/workflow.py`). Only what the canvas looks at is named. */
export interface Draft {
  readonly steps?: readonly Step[];
  readonly layout?: Layout;
  readonly [key: string]: unknown;
}

export interface Step {
  readonly id: string;
  readonly uses: string;
  readonly name?: string;
  readonly needs?: readonly string[];
  readonly with?: Readonly<Record<string, unknown>>;
  readonly on_error?: string;
  readonly steps?: readonly Step[];
  readonly states?: Readonly<Record<string, State>>;
  readonly [key: string]: unknown;
}

/** One state of a `states` step. */
export interface State {
  readonly steps?: readonly Step[];
  readonly transitions?: Readonly<Record<string, Transition>>;
  readonly [key: string]: unknown;
}

export interface Transition {
  readonly to: string;
  readonly [key: string]: unknown;
}

export type Point = readonly [x: number, y: number];

/** Where boxes stand. A step inside another one is placed from the top left corner of the room that it stands in. */
export interface Layout {
  readonly steps?: Readonly<Record<string, Point>>;
  readonly notes?: readonly Note[];
  readonly [key: string]: unknown;
}

export interface Note {
  readonly text: string;
  readonly at: Point;
  readonly size?: Point;
}

/** A list of steps that stand together: those of the workflow, of a body, or of one state. */
export interface Room {
  /** The step that holds them; "" for the workflow itself. */
  readonly owner: string;
  /** The state that holds them; "" where the owner has one body. */
  readonly state: string;
}

export const WORKFLOW: Room = { owner: "", state: "" };

export const sameRoom = (one: Room, other: Room): boolean =>
  one.owner === other.owner && one.state === other.state;

/** A room as a string: the id of the box that it is drawn in, "" for the canvas. */
export const roomKey = ({ owner, state }: Room): string => (state ? `${owner}:${state}` : owner);

/** An edit of the draft, or a sentence why there is none. */
export type Edit = { readonly draft: Draft } | { readonly refused: string };
