/** The states of a `states` step, and the transitions between them. */
import { renameCompared } from "./expressions.ts";
import { misspelt } from "./rename.ts";
import { changeStep, changeSteps, find, freshId, withKey } from "./steps.ts";
import type { Draft, Edit, State, Step, Transition } from "./types.ts";

export interface Move {
  readonly step: string;
  readonly from: string;
  readonly name: string;
  readonly to: string;
  /** Its condition as text; "" for none. */
  readonly condition: string;
}

export const movesOf = (step: Step): Move[] =>
  Object.entries(step.states ?? {}).flatMap(([from, state]) =>
    Object.entries(state.transitions ?? {}).map(([name, { to, ...rest }]) => {
      return { step: step.id, from, name, to, condition: rest.if == null ? "" : String(rest.if) };
    }),
  );

/** A way from a state to another one, or to itself. */
export function addMove(draft: Draft, step: string, from: string, to: string): Draft {
  return changeTransitions(draft, step, from, (transitions) => ({
    ...transitions,
    [freshId(to, new Set(Object.keys(transitions)))]: { to },
  }));
}

export function removeMove(draft: Draft, { step, from, name }: Move): Draft {
  return changeTransitions(draft, step, from, ({ [name]: _, ...others }) => others);
}

/** Give a transition another name, condition, target, or state that it leaves. It keeps its place among the others:
 * the first one that can be taken is. */
export function changeMove(draft: Draft, move: Move, change: Partial<Omit<Move, "step">>): Edit {
  const next = { ...move, ...change };
  const states = find(draft, move.step)!.step.states ?? {};
  const taken = new Set(Object.keys(states[next.from]?.transitions ?? {}));
  const elsewhere = next.from !== move.from;
  if (!elsewhere && next.name !== move.name) {
    const wrong = misspelt(next.name, "A name") ?? (taken.has(next.name) ? `“${move.from}” has a transition “${next.name}” already.` : null);
    if (wrong) return { refused: wrong };
  }
  const { to: _, if: __, ...rest } = states[move.from]!.transitions![move.name]!;
  const transition: Transition = { to: next.to, ...(next.condition && { if: conditionOf(next.condition) }), ...rest };
  if (elsewhere) {
    const name = freshId(next.name, taken);
    const parted = removeMove(draft, move);
    return { draft: changeTransitions(parted, move.step, next.from, (known) => ({ ...known, [name]: transition })) };
  }
  const changed = changeTransitions(draft, move.step, move.from, (known) =>
    Object.fromEntries(Object.entries(known).map(([name, old]) => (name === move.name ? [next.name, transition] : [name, old]))),
  );
  return { draft: changeState(changed, move.step, move.from, (state) => (state.choose === move.name ? { ...state, choose: next.name } : state)) };
}

/** "true" and "false" are themselves, and no text. */
const conditionOf = (text: string): string | boolean => (text === "true" ? true : text === "false" ? false : text);

/** Give a state another name, and all that leads to it: transitions, the start, and expressions that compare with it. */
export function renameState(draft: Draft, id: string, from: string, to: string): Edit {
  if (from === to) return { draft };
  const states = find(draft, id)?.step.states ?? {};
  const wrong = misspelt(to, "The name of a state") ?? (to in states ? `There is a state “${to}” already.` : null);
  if (wrong) return { refused: wrong };
  const compared = Object.entries(draft).map(([key, value]) => [key, key === "layout" ? value : renameCompared(value, id, from, to)]);
  const renamed = changeSteps(Object.fromEntries(compared), (step) => withCase(step, id, from, to));
  return {
    draft: changeStep(renamed, id, (step) => {
      const entries = Object.entries(step.states ?? {}).map(([name, state]) => [name === from ? to : name, led(state, from, to)]);
      const started = step.with?.start === from ? withKey(step, "with", { ...step.with, start: to }) : step;
      return withKey(started, "states", Object.fromEntries(entries));
    }),
  };
}

function led(state: State, from: string, to: string): State {
  const ways = Object.entries(state.transitions ?? {});
  if (!ways.some(([, way]) => way.to === from)) return state;
  return { ...state, transitions: Object.fromEntries(ways.map(([name, way]) => [name, way.to === from ? { ...way, to } : way])) };
}

/** A branch by the state in which a machine ended has a case for it. */
function withCase(step: Step, machine: string, from: string, to: string): Step {
  const { value, cases } = step.with ?? {};
  if (step.uses !== "branch" || typeof value !== "string" || !cases || typeof cases !== "object" || !(from in cases)) return step;
  if (value.replaceAll(/\s/g, "") !== `{{steps.${machine}.state}}`) return step;
  const renamed = Object.entries(cases).map(([name, way]) => [name === from ? to : name, way]);
  return withKey(step, "with", { ...step.with, cases: Object.fromEntries(renamed) });
}

type Transitions = Readonly<Record<string, Transition>>;

function changeTransitions(draft: Draft, id: string, from: string, change: (known: Transitions) => Transitions): Draft {
  return changeState(draft, id, from, ({ transitions, ...state }) => {
    const changed = change(transitions ?? {});
    return Object.keys(changed).length ? { ...state, transitions: changed } : state;
  });
}

function changeState(draft: Draft, id: string, name: string, change: (state: State) => State): Draft {
  return changeStep(draft, id, (step) => ({ ...step, states: { ...step.states, [name]: change(step.states?.[name] ?? {}) } }));
}
