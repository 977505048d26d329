/** Steps as text: the JSON of a workflow's `steps`, so that it can be read, kept and pasted anywhere. */
import { arrange, isPlaced } from "./arrange.ts";
import { moveBoxes, settle } from "./layout.ts";
import { splitNeed } from "./lines.ts";
import { renamedStep } from "./rename.ts";
import { GRID, overlap } from "./sizes.ts";
import { changeRoom, everyStep, find, freshId, idsOf, mapSteps, ownersOf, stepsIn, withInner, withKey } from "./steps.ts";
import type { Draft, Point, Room, Step } from "./types.ts";

const SHIFT = 5 * GRID;

/** What is put into the clipboard: `{"steps": [...], "layout": {"steps": {...}}}`. */
export function copySteps(draft: Draft, ids: ReadonlySet<string>): string {
  const outer = everyStep(draft).filter(
    ({ step }) => ids.has(step.id) && !ownersOf(draft, step.id).some((owner) => ids.has(owner)),
  );
  const boxes = arrange(draft);
  const inside = outer.flatMap(({ step }) => withInner(step).slice(1)).map(({ id }) => id);
  const known = draft.layout?.steps ?? {};
  const places = Object.fromEntries([
    ...outer.map(({ step }) => [step.id, [boxes.get(step.id)!.x, boxes.get(step.id)!.y]]),
    ...inside.filter((id) => known[id]).map((id) => [id, known[id]]),
  ]);
  return JSON.stringify({ steps: outer.map(({ step }) => step), layout: { steps: places } }, null, 2);
}

export interface Pasted {
  readonly draft: Draft;
  readonly ids: readonly string[];
}

/** Put copied steps into a room: with new ids where theirs are taken, and without needs that lead nowhere there. */
export function pasteSteps(draft: Draft, text: string, room: Room): Pasted | { readonly refused: string } {
  const copied = read(text);
  if (!copied) return { refused: "The clipboard holds no steps. Copy steps here or in another workflow first." };
  const taken = idsOf(draft);
  const names = new Map<string, string>();
  for (const { id } of copied.steps.flatMap(withInner)) {
    const fresh = freshId(id, taken);
    taken.add(fresh);
    names.set(id, fresh);
  }
  const own = new Set(copied.steps.map(({ id }) => names.get(id)!));
  const near = new Set([...stepsIn(draft, room).map(({ id }) => id), ...own]);
  const steps = mapSteps(copied.steps, (step) => renamedStep(step, names)).map((step) => reachable(step, near));
  const wasPlaced = isPlaced(draft, stepsIn(draft, room));
  let result = changeRoom(draft, room, (before) => [...before, ...steps]);
  if (wasPlaced) result = moveBoxes(result, besides(result, steps, copied.places, names));
  return { draft: settle(result, room), ids: [...own] };
}

/** Where copies go: beside what they were copied from, below all that stands in their way. */
function besides(
  draft: Draft,
  steps: readonly Step[],
  places: Readonly<Record<string, Point>>,
  names: ReadonlyMap<string, string>,
): Map<string, Point> {
  const sizes = arrange(draft);
  const outer = new Set(steps.map(({ id }) => id));
  const known = stepsIn(draft, find(draft, steps[0]!.id)!.room).filter(({ id }) => !outer.has(id));
  const moved = [...names].filter(([old]) => places[old]);
  const copies = moved.filter(([, id]) => outer.has(id)).map(([old, id]) => ({ ...sizes.get(id)!, x: places[old]![0] + SHIFT, y: places[old]![1] }));
  const isFree = (down: number) =>
    !copies.some((copy) => known.some(({ id }) => overlap({ ...copy, y: copy.y + down }, sizes.get(id)!, GRID)));
  let down = SHIFT;
  while (!isFree(down)) down += GRID;
  return new Map(
    moved.map(([old, id]) => {
      const [x, y] = places[old]!;
      return [id, outer.has(id) ? [x + SHIFT, y + down] : [x, y]];
    }),
  );
}

function reachable(step: Step, near: ReadonlySet<string>): Step {
  const needs = (step.needs ?? []).filter((need) => near.has(splitNeed(need)[0]));
  const kept = step.needs ? withKey(step, "needs", needs) : step;
  const handler = kept.on_error;
  const leads = !handler || handler === "fail" || handler === "continue" || near.has(handler);
  return leads ? kept : withKey(kept, "on_error", undefined);
}

/** Steps out of a text: what `copySteps` makes, a whole workflow, a list of steps, or one. */
function read(text: string): { steps: readonly Step[]; places: Readonly<Record<string, Point>> } | null {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return null;
  }
  const whole = value as { steps?: unknown; uses?: unknown; layout?: { steps?: Record<string, Point> } } | null;
  const steps = Array.isArray(value) ? value : whole && !whole.uses ? whole.steps : [value];
  if (!Array.isArray(steps) || !steps.length || !steps.every(isStep)) return null;
  return { steps, places: (!Array.isArray(value) && whole?.layout?.steps) || {} };
}

const isStep = (value: unknown): value is Step => {
  const step = value as Partial<Step> | null;
  return typeof step?.id === "string" && typeof step.uses === "string" && (step.steps ?? []).every(isStep);
};
