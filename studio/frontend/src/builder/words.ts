import { linesOf } from "../draft/lines.ts";
import { bodiesOf, everyStep, titleOf } from "../draft/steps.ts";
import type { Draft, Step } from "../draft/types.ts";
import { duration } from "../canvas/words.js";
import { lookUp } from "./context.ts";
import type { CatalogGroup, Data, Mark } from "./data.ts";

/** What a step does, in words: "Gmail · Search mail". */
export function actionWords(catalog: readonly CatalogGroup[], uses: string): string {
  const { group, action } = lookUp(catalog, uses);
  if (!action) return uses;
  return group.id === "flow" ? action.title : `${group.title} · ${action.title}`;
}

const small = new Intl.NumberFormat("en", { style: "currency", currency: "USD", maximumSignificantDigits: 2 });

/** What a run says of a step, piece by piece, without its state. */
export function markWords({ seconds, done = 0, total = 0, cached = 0, cost }: Mark): string[] {
  return [
    ...(total > 1 ? [`${done} of ${total}`] : []),
    ...(cached ? [cached > 1 ? `${cached} cached` : "cached"] : []),
    ...(cost ? [small.format(cost)] : []),
    ...(seconds != null ? [duration(seconds)] : []),
  ];
}

/** Settings of a step that change when and how often it runs, as short labels. */
export function settingWords(step: Step): string[] {
  return [
    ...("if" in step ? ["if"] : []),
    ...("for_each" in step ? ["for each"] : []),
    ...(step.on_error === "continue" ? ["goes on"] : []),
  ];
}

/** A step in words, for a screen reader and the list; its title first. */
export function sentence(step: Step, { catalog, status, looks, problems }: Data, before: readonly string[]): string[] {
  const mark = status[step.id];
  const wrong = problems.filter((problem) => problem.step === step.id).length;
  const inner = Object.values(bodiesOf(step)).flat().length;
  return [
    titleOf(step),
    actionWords(catalog, step.uses),
    ...settingWords(step),
    ...before,
    ...(inner ? [inner === 1 ? "1 step inside" : `${inner} steps inside`] : []),
    ...(mark ? [looks[mark.status]?.word ?? mark.status, ...markWords(mark)] : []),
    ...(mark?.error ? [mark.error] : []),
    ...(wrong ? [wrong === 1 ? "1 problem" : `${wrong} problems`] : []),
  ];
}

/** When each step runs, by its id: "after Which (yes)", "when Send fails". */
export function waitedFor(draft: Draft): Map<string, string[]> {
  const titles = new Map(everyStep(draft).map(({ step }) => [step.id, titleOf(step)]));
  const found = new Map<string, string[]>();
  for (const { source, target, way, kind } of linesOf(draft.steps ?? [])) {
    const title = (titles.get(source) ?? source) + (way && ` (${way})`);
    found.set(target, [...(found.get(target) ?? []), kind === "error" ? `when ${title} fails` : `after ${title}`]);
  }
  return found;
}
