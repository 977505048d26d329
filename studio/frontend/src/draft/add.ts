/** New steps: on their own, behind a step, or on a line. */
import { connect, withNeed, withoutNeed } from "./connect.ts";
import { arrange } from "./arrange.ts";
import { makeRoom, moveBoxes, settle } from "./layout.ts";
import type { Line } from "./lines.ts";
import { GAP_ALONG, STEP_WIDTH } from "./sizes.ts";
import { changeRoom, changeStep, find, freshId, idFrom, idsOf, withKey } from "./steps.ts";
import type { Draft, Point, Room, Step } from "./types.ts";

/** What a step is made from: an action of the catalog. */
export interface Kind {
  readonly uses: string;
  readonly title: string;
}

export interface Added {
  readonly draft: Draft;
  readonly id: string;
}

function newStep(draft: Draft, { uses, title }: Kind): Step {
  return { id: freshId(idFrom(title), idsOf(draft)), uses };
}

/** A step on its own, at a place of the room or wherever there is one. */
export function addStep(draft: Draft, kind: Kind, room: Room, at?: Point): Added {
  const step = newStep(draft, kind);
  const added = changeRoom(draft, room, (steps) => [...steps, step]);
  return { draft: at ? moveBoxes(added, new Map([[step.id, at]])) : settle(added, room), id: step.id };
}

/** A step that waits for another one, right behind it. */
export function addAfter(draft: Draft, kind: Kind, before: string, way = ""): Added {
  const { room } = find(draft, before)!;
  const step = newStep(draft, kind);
  const added = changeRoom(draft, room, (steps) => insertBehind(steps, before, step));
  const edit = connect(added, { source: before, target: step.id, way });
  return { draft: settle("draft" in edit ? edit.draft : added, room), id: step.id };
}

/** A step between two that a line joins. */
export function insertOn(draft: Draft, kind: Kind, line: Line): Added {
  const { room } = find(draft, line.target)!;
  const step = newStep(draft, kind);
  let result = makeRoom(draft, room, line.source, line.target);
  result = changeRoom(result, room, (steps) => insertBehind(steps, line.source, step));
  if (line.kind === "error") {
    result = changeStep(result, line.source, (source) => withKey(source, "on_error", step.id));
  } else {
    result = changeStep(result, step.id, (added) => withNeed(added, line.source, line.way));
    result = changeStep(result, line.target, (target) => withoutNeed(target, line.source, line.way));
  }
  result = changeStep(result, line.target, (target) => withNeed(target, step.id));
  return { draft: placeBetween(result, room, step.id, line.source), id: step.id };
}

function placeBetween(draft: Draft, room: Room, id: string, source: string): Draft {
  if (!draft.layout?.steps?.[source]) return settle(draft, room);
  const before = arrange(draft).get(source)!;
  const x = before.x + before.width + GAP_ALONG;
  return moveBoxes(draft, new Map([[id, [x, before.y + (before.width > STEP_WIDTH ? before.height / 3 : 0)]]]));
}

function insertBehind(steps: readonly Step[], before: string, step: Step): readonly Step[] {
  const at = steps.findIndex(({ id }) => id === before);
  return [...steps.slice(0, at + 1), step, ...steps.slice(at + 1)];
}

/** A further state of a `states` step, under a name that is free. */
export const addState = (draft: Draft, id: string, name: string): Draft =>
  changeStep(draft, id, (step) => withKey(step, "states", { ...step.states, [name]: {} }));

