/** Steps into a body and out of it. */
import { arrange } from "./arrange.ts";
import { connect, withoutNeed } from "./connect.ts";
import { moveBoxes, settle, withLayout } from "./layout.ts";
import { allLines } from "./lines.ts";
import { changeRoom, changeSteps, find, ownersOf, stepsIn, withKey } from "./steps.ts";
import { sameRoom, type Draft, type Point, type Room } from "./types.ts";

/**
 * Move a step to another room. The lines that it had to steps it no longer stands beside become lines between the
 * steps that now stand beside each other, so that the order stays.
 */
export function moveToRoom(draft: Draft, id: string, room: Room, at?: Point): Draft {
  const found = find(draft, id);
  if (!found || sameRoom(found.room, room)) return draft;
  if (room.owner === id || (room.owner && ownersOf(draft, room.owner).includes(id))) return draft;
  const lines = allLines(stepsIn(draft, found.room)).filter(
    ({ source, target, drawn }) => drawn && (source === id || target === id),
  );
  const step = withKey(withKey(found.step, "needs", []), "on_error", undefined);
  let result = changeRoom(draft, found.room, (steps) => steps.filter((other) => other.id !== id));
  result = changeSteps(result, (other) => withoutNeed(other.on_error === id ? withKey(other, "on_error", undefined) : other, id));
  result = changeRoom(result, room, (steps) => [...steps, step]);
  for (const line of lines) {
    const edit = connect(result, line);
    if ("draft" in edit) result = edit.draft;
  }
  const { [id]: _, ...places } = draft.layout?.steps ?? {};
  result = settle(withLayout(result, { steps: places }), found.room);
  if (at && arrange(result).has(id)) return moveBoxes(result, new Map([[id, at]]));
  return settle(result, room);
}
