/** Drawing lines and taking them away. */
import { placesOf } from "./expressions.ts";
import { allLines, reaches, splitNeed, successors, usedBy, type Line } from "./lines.ts";
import { changeStep, find, ownersOf, stepsIn, titleOf, withKey } from "./steps.ts";
import { sameRoom, type Draft, type Edit, type Step } from "./types.ts";

export type End = Pick<Line, "source" | "target"> & Partial<Pick<Line, "way" | "kind">>;

/** `target` waits for `source`, or handles its error. Ends in different rooms are joined where both rooms meet. */
export function connect(draft: Draft, end: End): Edit {
  const pair = lifted(draft, end.source, end.target);
  if (!pair) return { refused: "A step cannot be connected with itself or with what is inside it." };
  const [source, target] = pair;
  const way = source === end.source ? (end.way ?? "") : "";
  const kind = source === end.source ? (end.kind ?? "then") : "then";
  const room = find(draft, source)!.room;
  if (reaches(successors(allLines(stepsIn(draft, room))), target, source)) {
    const names = [target, source].map((id) => `“${titleOf(find(draft, id)!.step)}”`);
    return { refused: `That is a circle: ${names[1]} already waits for ${names[0]}.` };
  }
  if (kind === "error") return { draft: changeStep(draft, source, (step) => withKey(step, "on_error", target)) };
  return { draft: changeStep(draft, target, (step) => withNeed(step, source, way)) };
}

/** A need that the step's own expressions say already is not written down again. */
export function withNeed(step: Step, source: string, way = ""): Step {
  const need = way ? `${source}.${way}` : source;
  const needs = step.needs ?? [];
  if (needs.includes(need) || (!way && usedBy(step).has(source))) return step;
  if (!way && needs.some((other) => splitNeed(other)[0] === source)) return step;
  // One branch leads to a step by one way, and a way says more than a plain need.
  const others = way ? needs.filter((other) => splitNeed(other)[0] !== source) : needs;
  return withKey(step, "needs", [...others, need]);
}

export function withoutNeed(step: Step, source: string, way?: string): Step {
  if (!step.needs) return step;
  const kept = step.needs.filter((need) => {
    const [other, its] = splitNeed(need);
    return other !== source || (way !== undefined && its !== way);
  });
  return kept.length === step.needs.length ? step : withKey(step, "needs", kept);
}

/** Take a line away. One that only shows that an output is used goes when the field that uses it does. */
export function disconnect(draft: Draft, line: Line): Edit {
  if (line.kind === "error") return { draft: changeStep(draft, line.source, (step) => withKey(step, "on_error", undefined)) };
  const target = find(draft, line.target)!.step;
  if (!line.drawn) {
    const { needs: _, ...rest } = target;
    const where = placesOf(rest, line.source)[0] ?? "a field";
    return {
      refused:
        `“${titleOf(target)}” uses what “${titleOf(find(draft, line.source)!.step)}” gives, in ${where}. ` +
        "Change that field and the line goes.",
    };
  }
  return { draft: changeStep(draft, line.target, (step) => withoutNeed(step, line.source, line.way)) };
}

/** Lead a line from or to another step. One that only shows that an output is used stays where it is. */
export function reconnect(draft: Draft, line: Line, end: End): Edit {
  const apart = disconnect(draft, line);
  return "refused" in apart ? apart : connect(apart.draft, end);
}

/** The two steps, or those around them, that stand together; null when one is inside the other. */
function lifted(draft: Draft, source: string, target: string): [string, string] | null {
  const sources = [source, ...ownersOf(draft, source)];
  const targets = [target, ...ownersOf(draft, target)];
  for (const from of sources) {
    for (const to of targets) {
      const [one, other] = [find(draft, from), find(draft, to)];
      if (one && other && from !== to && sameRoom(one.room, other.room)) return [from, to];
    }
  }
  return null;
}
