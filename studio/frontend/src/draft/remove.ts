/** Taking steps away. What stood behind one then waits for what stood before it. */
import { withNeed, withoutNeed } from "./connect.ts";
import { settle, withLayout } from "./layout.ts";
import { allLines, splitNeed } from "./lines.ts";
import { changeRoom, changeStep, find, stepsIn, withInner, withKey } from "./steps.ts";
import type { Draft, Step } from "./types.ts";

export function removeSteps(draft: Draft, ids: Iterable<string>): Draft {
  let result = draft;
  for (const id of ids) result = removeStep(result, id);
  return result;
}

function removeStep(draft: Draft, id: string): Draft {
  const found = find(draft, id);
  if (!found) return draft;
  const { room } = found;
  const before = allLines(stepsIn(draft, room)).filter(({ target }) => target === id);
  let result = changeRoom(draft, room, (steps) => steps.filter((step) => step.id !== id).map((step) => healed(step, id)));
  for (const { id: behind } of stepsIn(draft, room).filter((step) => waitsFor(step, id))) {
    for (const { source, way, kind } of before) {
      if (kind === "then") result = changeStep(result, behind, (step) => withNeed(step, source, way));
    }
  }
  const gone = new Set(withInner(found.step).map((step) => step.id));
  const places = Object.entries(draft.layout?.steps ?? {}).filter(([name]) => !gone.has(name.split(":")[0]!));
  return settle(withLayout(result, { steps: Object.fromEntries(places) }), room);
}

const waitsFor = (step: Step, id: string): boolean => (step.needs ?? []).some((need) => splitNeed(need)[0] === id);

const healed = (step: Step, gone: string): Step =>
  withoutNeed(step.on_error === gone ? withKey(step, "on_error", undefined) : step, gone);

/** Take a state away, with its steps and the transitions that lead to it. */
export function removeState(draft: Draft, id: string, state: string): Draft {
  return changeStep(draft, id, (step) => {
    const states = Object.entries(step.states ?? {}).filter(([name]) => name !== state);
    const kept = states.map(([name, value]) => {
      const ways = Object.entries(value.transitions ?? {});
      const others = ways.filter(([, { to }]) => to !== state);
      if (others.length === ways.length) return [name, value];
      const { transitions: _, ...rest } = value;
      return [name, others.length ? { ...rest, transitions: Object.fromEntries(others) } : rest];
    });
    const { start, ...given } = step.with ?? {};
    const rest = start === state ? withKey(step, "with", Object.keys(given).length ? given : undefined) : step;
    return withKey(rest, "states", Object.fromEntries(kept));
  });
}
