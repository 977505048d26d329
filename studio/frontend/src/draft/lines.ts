/** The lines between steps that stand together, as the engine sees them (`needs_of` in `orchestrator/graph.py`). */
import { referencedSteps } from "./expressions.ts";
import { bodiesOf, withInner } from "./steps.ts";
import type { Step } from "./types.ts";

/** `drawn` says that a person drew it (`needs`), `used` that an expression refers to the source's output. */
export interface Line {
  readonly source: string;
  readonly target: string;
  /** The way of a branch; "" for none. */
  readonly way: string;
  readonly kind: "then" | "error";
  readonly drawn: boolean;
  readonly used: boolean;
}

export const lineId = ({ source, way, kind, target }: Pick<Line, "source" | "way" | "kind" | "target">): string =>
  `${source}${kind === "error" ? "!" : way ? `.${way}` : ""}>${target}`;

/** The step and the way of "step.way". */
export function splitNeed(need: string): [step: string, way: string] {
  const dot = need.indexOf(".");
  return dot < 0 ? [need, ""] : [need.slice(0, dot), need.slice(dot + 1)];
}

const NO_STEPS: ReadonlySet<string> = new Set(["fail", "continue"]);

/** The steps that a step, or one inside it, refers to in expressions. */
export function usedBy(step: Step): Set<string> {
  const { needs: _needs, on_error: _error, ...rest } = step;
  const inside = new Set(withInner(step).map(({ id }) => id));
  return new Set([...referencedSteps(rest)].filter((id) => !inside.has(id)));
}

/** All lines between these steps. */
export function allLines(steps: readonly Step[]): Line[] {
  const known = new Set(steps.map(({ id }) => id));
  const lines = new Map<string, Line>();
  const add = (line: Line) => {
    const id = lineId(line);
    const before = lines.get(id);
    lines.set(id, before ? { ...line, drawn: before.drawn || line.drawn, used: before.used || line.used } : line);
  };
  for (const step of steps) {
    for (const need of step.needs ?? []) {
      const [source, way] = splitNeed(need);
      if (known.has(source) && source !== step.id) {
        add({ source, target: step.id, way, kind: "then", drawn: true, used: false });
      }
    }
    for (const source of usedBy(step)) {
      if (known.has(source)) add({ source, target: step.id, way: "", kind: "then", drawn: false, used: true });
    }
    const handler = step.on_error;
    if (handler && !NO_STEPS.has(handler) && known.has(handler) && handler !== step.id) {
      add({ source: step.id, target: handler, way: "", kind: "error", drawn: true, used: false });
    }
  }
  return [...lines.values()];
}

/** The lines to show: those that a person drew, and of the others those that do not follow from the rest. With
 * a → b → c, that c uses a says nothing new about the order (transitive reduction; Aho, Garey and Ullman, 1972). */
export function shownLines(steps: readonly Step[]): Line[] {
  const lines = allLines(steps);
  const next = successors(lines);
  const pairs = new Set(lines.filter(({ drawn }) => drawn).map(({ source, target }) => `${source}>${target}`));
  return lines.filter((line) => {
    if (line.drawn) return true;
    if (pairs.has(`${line.source}>${line.target}`)) return false;
    return ![...(next.get(line.source) ?? [])].some(
      (other) => other !== line.target && reaches(next, other, line.target),
    );
  });
}

type Successors = ReadonlyMap<string, ReadonlySet<string>>;

export function successors(lines: readonly Line[]): Successors {
  const next = new Map<string, Set<string>>();
  for (const { source, target } of lines) {
    if (!next.has(source)) next.set(source, new Set());
    next.get(source)!.add(target);
  }
  return next;
}

export function reaches(next: Successors, from: string, to: string): boolean {
  const seen = new Set<string>();
  const open = [from];
  while (open.length) {
    const id = open.pop()!;
    if (id === to) return true;
    if (seen.has(id)) continue;
    seen.add(id);
    open.push(...(next.get(id) ?? []));
  }
  return false;
}

/** What each of the steps waits for, by id: for layout, and for the test against the engine. */
export function needsOf(steps: readonly Step[]): Map<string, string[]> {
  const needs = new Map<string, string[]>(steps.map(({ id }) => [id, []]));
  for (const { source, target } of allLines(steps)) {
    const known = needs.get(target)!;
    if (!known.includes(source)) known.push(source);
  }
  return needs;
}

/** The ways of a branch, in the order in which they are shown. */
export function waysOf(step: Step): string[] {
  if (step.uses !== "branch") return [];
  const cases = step.with?.cases;
  if (!cases || typeof cases !== "object") return ["yes", "no"];
  const otherwise = step.with?.default;
  const ways = [...Object.values(cases), ...(otherwise ? [otherwise] : [])];
  return [...new Set(ways.filter((way): way is string => typeof way === "string"))];
}

const shown = new WeakMap<readonly Step[], readonly Line[]>();

/** The lines to show in every room of a draft. */
export function linesOf(steps: readonly Step[]): Line[] {
  let own = shown.get(steps);
  if (!own) shown.set(steps, (own = shownLines(steps)));
  return [...own, ...steps.flatMap((step) => Object.values(bodiesOf(step)).flatMap(linesOf))];
}
