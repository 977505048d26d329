/** Writing down where boxes stand. What is not written down is laid out anew each time. */
import { arrange, isPlaced } from "./arrange.ts";
import { allLines, reaches, successors } from "./lines.ts";
import { GAP_ALONG, STEP_WIDTH } from "./sizes.ts";
import { find, idsOf, stepsIn } from "./steps.ts";
import type { Draft, Layout, Point, Room } from "./types.ts";

export function withLayout(draft: Draft, change: Partial<Layout>): Draft {
  const layout: Record<string, unknown> = { ...draft.layout, ...change };
  for (const key of ["steps", "notes"]) {
    const value = layout[key] as object | undefined;
    if (!value || Object.keys(value).length === 0) delete layout[key];
  }
  const { layout: _, ...rest } = draft;
  return Object.keys(layout).length ? { ...rest, layout } : rest;
}

/** Move boxes. All others of their rooms are written down where they stand, so that none of them jumps. */
export function moveBoxes(draft: Draft, moved: ReadonlyMap<string, Point>): Draft {
  const places: Record<string, Point> = { ...draft.layout?.steps };
  const boxes = arrange(draft);
  for (const id of moved.keys()) {
    const room = find(draft, id)?.room;
    if (!room) continue;
    for (const step of stepsIn(draft, room)) {
      const { x, y } = boxes.get(step.id)!;
      places[step.id] ??= [x, y];
    }
  }
  for (const [id, [x, y]] of moved) if (find(draft, id)) places[id] = [Math.round(x), Math.round(y)];
  return withLayout(draft, { steps: places });
}

/** Forget where steps stand: they are laid out by their lines again. Notes stay. */
export const tidy = (draft: Draft): Draft => withLayout(draft, { steps: {} });

/** Write down new steps of a room whose places are written down; places of steps that are gone are dropped. */
export function settle(draft: Draft, room: Room): Draft {
  const steps = stepsIn(draft, room);
  const known = idsOf(draft);
  const places = Object.fromEntries(Object.entries(draft.layout?.steps ?? {}).filter(([id]) => known.has(id)));
  if (isPlaced(draft, steps)) {
    const boxes = arrange(draft);
    for (const { id } of steps) places[id] ??= [boxes.get(id)!.x, boxes.get(id)!.y];
  }
  return withLayout(draft, { steps: places });
}

/** Room for a new box between two that a line joins: the second one and all behind it move to the right. */
export function makeRoom(draft: Draft, room: Room, source: string, target: string): Draft {
  const steps = stepsIn(draft, room);
  if (!isPlaced(draft, steps)) return draft;
  const boxes = arrange(draft);
  const [from, to] = [boxes.get(source)!, boxes.get(target)!];
  const missing = from.x + from.width + 2 * GAP_ALONG + STEP_WIDTH - to.x;
  if (missing <= 0) return draft;
  const next = successors(allLines(steps));
  const behind = steps.filter(({ id }) => id === target || reaches(next, target, id));
  return moveBoxes(draft, new Map(behind.map(({ id }) => [id, [boxes.get(id)!.x + missing, boxes.get(id)!.y]])));
}
