/** Two versions of a workflow as one picture: the newer one, with what was removed standing where it stood. */
import { arrange, isPlaced, type Arrangement } from "./arrange.ts";
import { allLines, lineId, linesOf, usedBy, type Line } from "./lines.ts";
import { GRID, overlap } from "./sizes.ts";
import { movesOf, type Move } from "./states.ts";
import { bodiesOf, changeRoom, changeStep, changeSteps, everyStep, find, idsOf, stepsIn } from "./steps.ts";
import { roomKey, type Draft, type Point, type Room, type State, type Step } from "./types.ts";

/** How a line or a transition differs; "" when it does not. */
export type Difference = "added" | "removed" | "changed" | "";

export interface Compared {
  /** Every box of both versions. What steps say is what the newer one says. */
  readonly draft: Draft;
  readonly arrangement: Arrangement;
  readonly lines: readonly (readonly [Line, Difference])[];
  readonly moves: readonly (readonly [Move, Difference])[];
}

export function compare(before: Draft, after: Draft): Compared {
  const known = idsOf(after);
  const draft = withRemoved(before, after, known);
  return {
    draft,
    arrangement: arrangement(before, after, draft, known),
    lines: comparedLines(before, after),
    moves: comparedMoves(before, after),
  };
}

function withRemoved(before: Draft, after: Draft, known: ReadonlySet<string>): Draft {
  let result = after;
  for (const { step } of everyStep(before)) {
    if (known.has(step.id) && find(after, step.id)!.step.uses === "states") result = withStates(result, step);
  }
  for (const { step, room } of everyStep(before)) {
    // What stood in a step that is gone stands in its ghost.
    if (known.has(step.id) || (room.owner && !known.has(room.owner))) continue;
    const place = roomIn(result, before, room);
    result = changeRoom(result, place, (steps) => insertBehind(steps, stepsIn(before, room), ghost(step, known)));
  }
  return result;
}

/** The states that a machine had, without the steps in them. */
function withStates(draft: Draft, was: Step): Draft {
  const gone = (states: Readonly<Record<string, State>>) =>
    Object.entries(was.states ?? {}).filter(([name]) => !(name in states)).map(([name, { steps: _, ...state }]) => [name, state]);
  return changeStep(draft, was.id, (step) => {
    const missing = gone(step.states ?? {});
    return missing.length ? { ...step, states: { ...step.states, ...Object.fromEntries(missing) } } : step;
  });
}

/** The room itself, or the nearest one around it that is still there. */
function roomIn(draft: Draft, before: Draft, room: Room): Room {
  const owner = room.owner && find(draft, room.owner);
  if (!owner || room.state in bodiesOf(owner.step)) return room;
  return roomIn(draft, before, find(before, room.owner)!.room);
}

/** A step that is gone, with those inside it that are gone too. */
function ghost(step: Step, known: ReadonlySet<string>): Step {
  const left = (steps: readonly Step[]) => steps.filter(({ id }) => !known.has(id)).map((inner) => ghost(inner, known));
  return {
    ...step,
    ...(step.steps && { steps: left(step.steps) }),
    ...(step.states && {
      states: Object.fromEntries(
        Object.entries(step.states).map(([name, state]) => [name, state.steps ? { ...state, steps: left(state.steps) } : state]),
      ),
    }),
  };
}

function insertBehind(steps: readonly Step[], beside: readonly Step[], step: Step): readonly Step[] {
  const earlier = beside.slice(0, beside.findIndex(({ id }) => id === step.id)).map(({ id }) => id);
  const at = steps.findLastIndex(({ id }) => earlier.includes(id));
  return [...steps.slice(0, at + 1), step, ...steps.slice(at + 1)];
}

/**
 * Where places are written down, what is removed stands where it stood, or right below what stands there now; else
 * it is laid out between what it stood between.
 */
function arrangement(before: Draft, after: Draft, draft: Draft, known: ReadonlySet<string>): Arrangement {
  const old = arrange(before);
  const places: Record<string, Point> = {};
  const rooms = new Map<string, Room>();
  for (const { step, room } of everyStep(draft)) {
    if (known.has(step.id)) continue;
    const now = stepsIn(after, room);
    const { x, y } = old.get(step.id)!;
    if (isPlaced(now.length ? after : before, now.length ? now : stepsIn(before, room))) {
      places[step.id] = [x, y];
      rooms.set(roomKey(room), room);
    }
  }
  const joined = changeSteps(draft, (step) => {
    const was = find(before, step.id)?.step;
    const gone = was && known.has(step.id) ? [...(was.needs ?? []), ...usedBy(was)].filter((need) => !known.has(need.split(".")[0]!)) : [];
    const joined = was?.states && step.states ? { ...step, states: joinedStates(step.states, was.states) } : step;
    return gone.length ? { ...joined, needs: [...(step.needs ?? []), ...gone] } : joined;
  });
  const placed = (): Draft => ({ ...joined, layout: { ...joined.layout, steps: { ...places, ...joined.layout?.steps } } });
  const boxes = arrange(placed());
  for (const room of rooms.values()) {
    const free = stepsIn(draft, room).filter(({ id }) => !(id in places)).map(({ id }) => boxes.get(id)!);
    for (const { id } of stepsIn(draft, room).filter((step) => step.id in places && !known.has(step.id))) {
      let box = boxes.get(id)!;
      while (free.some((other) => overlap(box, other, 4 * GRID))) box = { ...box, y: box.y + GRID };
      places[id] = [box.x, box.y];
      free.push(box);
    }
  }
  return arrange(placed());
}

/** The states with the transitions that they had besides. */
const joinedStates = (now: NonNullable<Step["states"]>, was: NonNullable<Step["states"]>): NonNullable<Step["states"]> =>
  Object.fromEntries(
    Object.entries(now).map(([name, state]) => {
      const old = Object.entries(was[name]?.transitions ?? {}).map(([move, transition]) => [`${move} before`, transition]);
      return [name, { ...state, transitions: { ...state.transitions, ...Object.fromEntries(old) } }];
    }),
  );

const everyLine = (steps: readonly Step[]): Line[] => [
  ...allLines(steps),
  ...steps.flatMap((step) => Object.values(bodiesOf(step)).flatMap(everyLine)),
];

function comparedLines(before: Draft, after: Draft): Compared["lines"] {
  const [old, now] = [before, after].map(({ steps }) => new Set(everyLine(steps ?? []).map(lineId))) as [Set<string>, Set<string>];
  const gone = linesOf(before.steps ?? []).filter((line) => !now.has(lineId(line)));
  return [
    ...linesOf(after.steps ?? []).map((line) => [line, old.has(lineId(line)) ? "" : "added"] as const),
    ...gone.map((line) => [line, "removed"] as const),
  ];
}

function comparedMoves(before: Draft, after: Draft): Compared["moves"] {
  const leads = ({ step, from, name, to }: Move) => `${step}:${from}#${name}>${to}`;
  const [old, now] = [before, after].map((draft) => everyStep(draft).flatMap(({ step }) => movesOf(step))) as [Move[], Move[]];
  const was = new Map(old.map((move) => [leads(move), move]));
  const is = new Set(now.map(leads));
  const difference = (move: Move): Difference => {
    const same = was.get(leads(move));
    return !same ? "added" : same.condition === move.condition ? "" : "changed";
  };
  return [
    ...now.map((move) => [move, difference(move)] as const),
    ...old.filter((move) => !is.has(leads(move))).map((move) => [move, "removed"] as const),
  ];
}
