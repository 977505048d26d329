/** Looking steps up in a draft, wherever they stand, and putting changed ones back. Drafts are never changed in place. */
import { WORKFLOW, type Draft, type Room, type State, type Step } from "./types.ts";

/** The kinds that hold steps in `steps`; `states` holds them in states. */
const BODIES: ReadonlySet<string> = new Set(["group", "loop_until"]);

export const holdsSteps = (uses: string): boolean => BODIES.has(uses) || uses === "states";

/** The bodies of a step by the name of their state, or under "". A kind with a body has one, if an empty one. */
export function bodiesOf(step: Step): Record<string, readonly Step[]> {
  if (step.uses === "states" || step.states) {
    return Object.fromEntries(Object.entries(step.states ?? {}).map(([name, state]) => [name, state.steps ?? []]));
  }
  return BODIES.has(step.uses) || step.steps ? { "": step.steps ?? [] } : {};
}

export interface Placed {
  readonly step: Step;
  readonly room: Room;
}

/** All steps, each before those inside it, in the order of the file. */
export function everyStep(draft: Draft): Placed[] {
  return [...walk(draft.steps ?? [], WORKFLOW)];
}

function* walk(steps: readonly Step[], room: Room): Generator<Placed> {
  for (const step of steps) {
    yield { step, room };
    for (const [state, inner] of Object.entries(bodiesOf(step))) yield* walk(inner, { owner: step.id, state });
  }
}

export function find(draft: Draft, id: string): Placed | undefined {
  return everyStep(draft).find(({ step }) => step.id === id);
}

/** A step and all inside it. */
export function withInner(step: Step): Step[] {
  return [...walk([step], WORKFLOW)].map((placed) => placed.step);
}

export function stepsIn(draft: Draft, room: Room): readonly Step[] {
  if (!room.owner) return draft.steps ?? [];
  const owner = find(draft, room.owner)?.step;
  return (owner && bodiesOf(owner)[room.state]) ?? [];
}

/** The steps around a step, the nearest first. */
export function ownersOf(draft: Draft, id: string): string[] {
  const rooms = new Map(everyStep(draft).map(({ step, room }) => [step.id, room.owner]));
  const owners: string[] = [];
  for (let owner = rooms.get(id); owner; owner = rooms.get(owner)) owners.push(owner);
  return owners;
}

export type Change = (steps: readonly Step[]) => readonly Step[];

/** The draft with the list of steps of a room changed. */
export function changeRoom(draft: Draft, room: Room, change: Change): Draft {
  if (!room.owner) return { ...draft, steps: change(draft.steps ?? []) };
  return changeStep(draft, room.owner, (owner) => {
    if (!room.state) return withKey(owner, "steps", change(owner.steps ?? []));
    const state: State = owner.states?.[room.state] ?? {};
    const steps = change(state.steps ?? []);
    return withKey(owner, "states", { ...owner.states, [room.state]: withSteps(state, steps) });
  });
}

function withSteps(state: State, steps: readonly Step[]): State {
  if (steps.length) return { ...state, steps };
  const { steps: _, ...rest } = state;
  return rest;
}

/** The draft with one step changed, wherever it stands. */
export function changeStep(draft: Draft, id: string, change: (step: Step) => Step): Draft {
  return changeSteps(draft, (step) => (step.id === id ? change(step) : step));
}

/** The draft with every step put through `change`, those inside a step before it. What stays the same is kept. */
export function changeSteps(draft: Draft, change: (step: Step) => Step): Draft {
  const steps = mapSteps(draft.steps ?? [], change);
  return steps === draft.steps ? draft : { ...draft, steps };
}

export function mapSteps(steps: readonly Step[], change: (step: Step) => Step): readonly Step[] {
  const changed = steps.map((step) => change(mapInner(step, change)));
  return changed.some((step, index) => step !== steps[index]) ? changed : steps;
}

function mapInner(step: Step, change: (step: Step) => Step): Step {
  let result = step;
  if (step.steps) {
    const steps = mapSteps(step.steps, change);
    if (steps !== step.steps) result = { ...result, steps };
  }
  if (step.states) {
    const states = Object.entries(step.states).map(([name, state]) => {
      const steps = state.steps && mapSteps(state.steps, change);
      return [name, steps === state.steps ? state : { ...state, steps }] as const;
    });
    if (states.some(([name, state]) => state !== step.states![name])) {
      result = { ...result, states: Object.fromEntries(states) };
    }
  }
  return result;
}

/** The keys of a step in the order in which a person writes them. */
const ORDER = [
  "id", "uses", "name", "account", "needs", "if", "for_each", "concurrency", "with", "steps", "states", "output",
  "retry", "timeout", "deadline", "cache", "on_error",
]; // prettier-ignore

/** The step with a key set, in its place among the others; without it when the value says nothing. */
export function withKey(step: Step, key: string, value: unknown): Step {
  const empty = value === undefined || value === "" || (key === "needs" && (value as unknown[]).length === 0);
  if (key in step || empty) {
    const kept = Object.entries(step).flatMap(([name, old]) => (name !== key ? [[name, old]] : empty ? [] : [[key, value]]));
    return Object.fromEntries(kept) as Step;
  }
  const later = new Set(ORDER.slice(ORDER.indexOf(key) + 1));
  const entries = Object.entries(step);
  const at = entries.findIndex(([name]) => later.has(name));
  entries.splice(at < 0 ? entries.length : at, 0, [key, value]);
  return Object.fromEntries(entries) as Step;
}

/** An id like `wanted` that no step has. */
export function freshId(wanted: string, taken: ReadonlySet<string>): string {
  const base = /^[A-Za-z_]/.test(wanted) ? wanted.slice(0, 56) : `step_${wanted}`.slice(0, 56);
  if (!taken.has(base)) return base;
  const stem = base.replace(/_\d+$/, "");
  for (let count = 2; ; count += 1) if (!taken.has(`${stem}_${count}`)) return `${stem}_${count}`;
}

/** A title as an id: "Search mail" as search_mail. */
export function idFrom(title: string): string {
  const plain = title.normalize("NFKD").replace(/[\u0300-\u036f]/g, "").toLowerCase();
  return plain.replace(/[^a-z0-9]+/g, "_").replace(/^_+|_+$/g, "") || "step";
}

export const idsOf = (draft: Draft): Set<string> => new Set(everyStep(draft).map(({ step }) => step.id));

/** What people read: the name, else the id in words. */
export function titleOf(step: Step): string {
  const words = String(step.id ?? "").replaceAll("_", " ");
  return step.name || words.charAt(0).toUpperCase() + words.slice(1);
}
