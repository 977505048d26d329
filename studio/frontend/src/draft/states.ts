/** Transitions between the states of a `states` step. */
import { changeStep, freshId } from "./steps.ts";
import type { Draft, State, Step, Transition } from "./types.ts";

export interface Move {
  readonly step: string;
  readonly from: string;
  readonly name: string;
  readonly to: string;
  readonly condition: boolean;
}

export const movesOf = (step: Step): Move[] =>
  Object.entries(step.states ?? {}).flatMap(([from, state]) =>
    Object.entries(state.transitions ?? {}).map(([name, { to, ...rest }]) => ({
      step: step.id,
      from,
      name,
      to,
      condition: "if" in rest,
    })),
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

type Transitions = Readonly<Record<string, Transition>>;

function changeTransitions(draft: Draft, id: string, from: string, change: (known: Transitions) => Transitions): Draft {
  return changeStep(draft, id, (step) => {
    const { transitions, ...state }: State = step.states?.[from] ?? {};
    const changed = change(transitions ?? {});
    const next = Object.keys(changed).length ? { ...state, transitions: changed } : state;
    return { ...step, states: { ...step.states, [from]: next } };
  });
}
