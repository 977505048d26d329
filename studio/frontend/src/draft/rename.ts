/** Names and ids of steps. */
import { renameReferences } from "./expressions.ts";
import { splitNeed } from "./lines.ts";
import { changeStep, changeSteps, idsOf, withKey } from "./steps.ts";
import type { Draft, Edit, Step } from "./types.ts";

const ID = /^[A-Za-z_][A-Za-z0-9_]{0,63}$/;

/** Why something cannot be called so, in words; null when it can. */
export const misspelt = (name: string, what: string): string | null =>
  ID.test(name) ? null : `${what} has letters, digits and _, and begins with a letter.`;

/** Give a step another id, and everything that refers to it: needs, on_error, expressions, its place. */
export function renameStep(draft: Draft, id: string, to: string): Edit {
  if (id === to) return { draft };
  const wrong = misspelt(to, "An id");
  if (wrong) return { refused: wrong };
  if (idsOf(draft).has(to)) return { refused: `Another step has the id “${to}”.` };
  return { draft: renamed(draft, new Map([[id, to]])) };
}

export const nameStep = (draft: Draft, id: string, name: string): Draft =>
  changeStep(draft, id, (step) => withKey(step, "name", name.trim()));

/** The draft with steps renamed all at once. */
export function renamed(draft: Draft, names: ReadonlyMap<string, string>): Draft {
  const { layout, steps: _, ...rest } = draft;
  const steps = changeSteps(draft, (step) => renamedStep(step, names)).steps;
  const whole: Draft = { ...renameReferences(rest, names), steps };
  const ordered = Object.fromEntries(Object.keys(draft).map((key) => [key, key === "layout" ? layout : whole[key]]));
  if (!layout?.steps) return ordered;
  const places = Object.entries(layout.steps).map(([id, place]) => [names.get(id) ?? id, place]);
  return { ...ordered, layout: { ...layout, steps: Object.fromEntries(places) } };
}

export function renamedStep(step: Step, names: ReadonlyMap<string, string>): Step {
  const { steps: body, states: machine, ...own } = step;
  const changed = { ...renameReferences(own, names) } as Record<string, unknown>;
  changed.id = names.get(step.id) ?? step.id;
  if (step.needs) {
    changed.needs = step.needs.map((need) => {
      const [other, way] = splitNeed(need);
      return (names.get(other) ?? other) + (way && `.${way}`);
    });
  }
  if (step.on_error) changed.on_error = names.get(step.on_error) ?? step.on_error;
  if (machine) {
    // The steps inside were renamed before; what a state says besides them was not.
    changed.states = Object.fromEntries(
      Object.entries(machine).map(([name, { steps, ...state }]) => {
        const own = renameReferences(state, names);
        return [name, steps ? { steps, ...own } : own];
      }),
    );
  }
  if (body) changed.steps = body;
  return Object.fromEntries(Object.keys(step).map((key) => [key, changed[key]])) as Step;
}
