import type { Difference } from "../draft/compare.ts";
import type { Move } from "../draft/states.ts";
import { bodiesOf, everyStep, titleOf } from "../draft/steps.ts";
import type { Step } from "../draft/types.ts";
import { duration } from "../canvas/words.js";
import { lookUp } from "./context.ts";
import type { CatalogGroup, Change, Data, Look, Mark } from "./data.ts";
import { linesShown, movesShown } from "./shown.ts";
import type { View } from "./store.ts";

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

/** How a box differs between two versions, as people see it. */
export const CHANGES: Readonly<Record<Change["kind"], Look>> = {
  added: { word: "Added", color: "green", icon: ":material/add_circle:" },
  removed: { word: "Removed", color: "red", icon: ":material/do_not_disturb_on:" },
  changed: { word: "Changed", color: "orange", icon: ":material/edit:" },
  moved: { word: "Moved", color: "violet", icon: ":material/swap_horiz:" },
};

export const changeWords = ({ kind, fields }: Change): string[] =>
  kind === "changed" ? [fields === 1 ? "1 field" : `${fields} fields`] : [];

/** Settings of a step that change when and how often it runs, as short labels. */
export function settingWords(step: Step): string[] {
  return [
    ...("if" in step ? ["if"] : []),
    ...("for_each" in step ? ["for each"] : []),
    ...(step.on_error === "continue" ? ["goes on"] : []),
  ];
}

/** A step in words, for a screen reader and the list; its title first. */
export function sentence(step: Step, { catalog, status, looks, problems, compare }: Data, before: readonly string[]): string[] {
  const mark = status[step.id];
  const change = compare?.changes[step.id];
  const wrong = problems.filter((problem) => problem.step === step.id).length;
  const inner = Object.values(bodiesOf(step)).flat().length;
  return [
    titleOf(step),
    ...(change ? [[CHANGES[change.kind].word.toLowerCase(), ...changeWords(change)].join(": ")] : []),
    actionWords(catalog, step.uses),
    ...settingWords(step),
    ...before,
    ...(inner ? [inner === 1 ? "1 step inside" : `${inner} steps inside`] : []),
    ...(mark ? [looks[mark.status]?.word ?? mark.status, ...markWords(mark)] : []),
    ...(mark?.error ? [mark.error] : []),
    ...(wrong ? [wrong === 1 ? "1 problem" : `${wrong} problems`] : []),
  ];
}

/** When each step runs, by its id: "after Which (yes)", "when Send fails"; of two versions: "no longer after Which". */
export function waitedFor(view: View): Map<string, string[]> {
  const titles = new Map(everyStep(view.draft).map(({ step }) => [step.id, titleOf(step)]));
  const found = new Map<string, string[]>();
  for (const [{ source, target, way, kind }, difference] of linesShown(view)) {
    const title = (titles.get(source) ?? source) + (way && ` (${way})`);
    const words = NOW[difference] + (kind === "error" ? `when ${title} fails` : `after ${title}`);
    found.set(target, [...(found.get(target) ?? []), words]);
  }
  return found;
}

const NOW: Readonly<Record<Difference, string>> = { added: "now ", removed: "no longer ", changed: "changed: ", "": "" };

/** How a state differs and how it is left: "accept leads to done if last.ok". */
export function stateWords(view: View, step: string, state: string): string[] {
  const change = view.data.compare?.changes[`${step}:${state}`];
  const own = movesShown(view).filter(([move]) => move.step === step && move.from === state);
  const ways = own.map(([move, difference]) => NOW[difference] + moveWords(move));
  return [...(change ? [[CHANGES[change.kind].word.toLowerCase(), ...changeWords(change)].join(": ")] : []), ...(ways.length ? ways : ["ends here"])];
}

const LONGEST = 80;

export function moveWords({ name, to, condition }: Move): string {
  const plain = condition.replace(/^\s*\{\{\s*([\s\S]*?)\s*\}\}\s*$/, "$1");
  const short = plain.length > LONGEST ? `${plain.slice(0, LONGEST - 1)}…` : plain;
  return `${name} leads to ${to}${short && ` if ${short}`}`;
}
