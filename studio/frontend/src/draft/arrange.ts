/** Where every box stands and how large it is. Steps that the layout does not place are laid out by their lines. */
import { layered } from "./dagre.ts";
import { shownLines, waysOf, type Line } from "./lines.ts";
import { EMPTY, GAP_ALONG, GAP_BESIDE, HEADER, PAD, STEP_HEIGHT, STEP_WIDTH, WAY_HEIGHT, overlap, type Box, type Size } from "./sizes.ts"; // prettier-ignore
import { movesOf, type Move } from "./states.ts";
import { bodiesOf, holdsSteps } from "./steps.ts";
import { roomKey, type Draft, type Point, type Room, type Step } from "./types.ts";

/** Boxes by id; a state's is "step:state". Each is placed from the corner of the box around it. */
export type Arrangement = ReadonlyMap<string, Box>;

type Layouts = Readonly<Record<string, Point>>;

export function arrange(draft: Draft): Arrangement {
  const boxes = new Map<string, Box>();
  arrangeRoom(draft.steps ?? [], draft.layout?.steps ?? {}, boxes, [0, 0]);
  return boxes;
}

/** Whether the places of a room's steps are written down, so that they stay where they are. */
export function isPlaced(draft: Draft, steps: readonly Step[]): boolean {
  const places = draft.layout?.steps ?? {};
  return steps.some(({ id }) => id in places);
}

/** Places the steps of one room; returns the size that holds them. */
function arrangeRoom(steps: readonly Step[], layouts: Layouts, boxes: Map<string, Box>, corner: Point): Size {
  const sizes = new Map(steps.map((step) => [step.id, sizeOf(step, layouts, boxes)]));
  const places = steps.some(({ id }) => isPoint(layouts[id]))
    ? kept(steps, sizes, layouts, corner)
    : fresh(steps, sizes, corner);
  for (const [id, [x, y]] of places) boxes.set(id, { x, y, ...sizes.get(id)! });
  return extent(steps.map(({ id }) => boxes.get(id)!));
}

const isPoint = (value: unknown): value is Point => Array.isArray(value) && value.length === 2 && value.every(Number.isFinite);

const remembered = new WeakMap<readonly Step[], { key: string; places: Map<string, Point> }>();

function fresh(steps: readonly Step[], sizes: ReadonlyMap<string, Size>, [left, top]: Point): Map<string, Point> {
  const key = [...sizes.values()].map(({ width, height }) => `${width}x${height}`).join();
  let known = remembered.get(steps);
  if (known?.key !== key) {
    const lines = shownLines(steps);
    known = { key, places: layered(sizes, lines, waysInOrder(steps, lines)) };
    remembered.set(steps, known);
  }
  return new Map([...known.places].map(([id, [x, y]]) => [id, [x + left, y + top]]));
}

/** Steps that only a branch leads to stand in the order of its ways, so that the lines do not cross. */
function* waysInOrder(steps: readonly Step[], lines: readonly Line[]): Generator<readonly [string, string]> {
  for (const step of steps) {
    const led = waysOf(step).flatMap((way) =>
      lines.filter(({ source, target, way: its }) => {
        return source === step.id && its === way && lines.filter((line) => line.target === target).length === 1;
      }),
    );
    for (const [index, line] of led.slice(1).entries()) yield [led[index]!.target, line.target];
  }
}

function kept(
  steps: readonly Step[],
  sizes: ReadonlyMap<string, Size>,
  layouts: Layouts,
  [left, top]: Point,
): Map<string, Point> {
  const places = new Map<string, Point>();
  for (const { id } of steps) {
    const point = layouts[id];
    if (!isPoint(point)) continue;
    // In a container nothing stands outside of it; on the canvas there is no outside.
    places.set(id, left ? [Math.max(left, point[0]), Math.max(top, point[1])] : point);
  }
  const lines = shownLines(steps);
  const box = (id: string): Box => ({ x: places.get(id)![0], y: places.get(id)![1], ...sizes.get(id)! });
  for (const { id } of steps) {
    if (places.has(id)) continue;
    const before = lines.find(({ source, target }) => target === id && places.has(source));
    const after = lines.find(({ source, target }) => source === id && places.has(target));
    const size = sizes.get(id)!;
    let [x, y]: Point = [left, bottom([...places.keys()].map(box), top)];
    if (before) [x, y] = [box(before.source).x + box(before.source).width + GAP_ALONG, box(before.source).y];
    else if (after) [x, y] = [box(after.target).x - size.width - GAP_ALONG, box(after.target).y];
    const taken = [...places.keys()].map(box);
    while (taken.some((other) => overlap({ x, y, ...size }, other, GAP_BESIDE / 2))) y += GAP_BESIDE / 2;
    places.set(id, [x, y]);
  }
  return places;
}

const bottom = (boxes: readonly Box[], least: number): number =>
  Math.max(least, ...boxes.map(({ y, height }) => y + height + GAP_BESIDE));

function sizeOf(step: Step, layouts: Layouts, boxes: Map<string, Box>): Size {
  if (step.uses === "states") return sizeOfStates(step, layouts, boxes);
  if (!holdsSteps(step.uses) && !step.steps) {
    return { width: STEP_WIDTH, height: STEP_HEIGHT + waysOf(step).length * WAY_HEIGHT };
  }
  return around(arrangeRoom(bodiesOf(step)[""] ?? [], layouts, boxes, [PAD, HEADER + PAD]));
}

function sizeOfStates(step: Step, layouts: Layouts, boxes: Map<string, Box>): Size {
  const states = Object.entries(step.states ?? {});
  const sizes = new Map<string, Size>();
  for (const [name, state] of states) {
    sizes.set(name, around(arrangeRoom(state.steps ?? [], layouts, boxes, [PAD, HEADER + PAD])));
  }
  const moves = movesOf(step).filter(({ to }) => sizes.has(to));
  const lines = onward(states.map(([name]) => name), moves);
  const longest = Math.max(0, ...moves.map(({ name }) => name.length));
  const gap = Math.max(GAP_ALONG, Math.min(MOST_LETTERS, longest) * LETTER + 2 * PAD);
  const places = sizes.size ? layered(sizes, lines, [], gap) : new Map<string, Point>();
  for (const [name, [x, y]] of places) {
    boxes.set(`${step.id}:${name}`, { x: x + PAD, y: y + HEADER + PAD, ...sizes.get(name)! });
  }
  return around(extent(states.map(([name]) => boxes.get(`${step.id}:${name}`)!)));
}

/** Between states there is room for the names of transitions: so many pixels a letter, up to so many letters. */
const LETTER = 7;
const MOST_LETTERS = 20;

/** The transitions without those that lead back, seen from the first state: it stands on the left. */
function onward(states: readonly string[], moves: readonly Move[]): { source: string; target: string }[] {
  const depths = new Map<string, number>();
  for (const first of states) {
    let layer = depths.has(first) ? [] : [first];
    for (let depth = 0; layer.length; depth += 1) {
      for (const state of layer) depths.set(state, depth);
      const next = new Set(moves.filter(({ from }) => layer.includes(from)).map(({ to }) => to));
      layer = [...next].filter((to) => !depths.has(to));
    }
  }
  return moves.filter(({ from, to }) => depths.get(from)! < depths.get(to)!).map(({ from, to }) => ({ source: from, target: to }));
}

function extent(boxes: readonly Box[]): Size {
  return {
    width: Math.max(0, ...boxes.map(({ x, width }) => x + width)),
    height: Math.max(0, ...boxes.map(({ y, height }) => y + height)),
  };
}

const around = ({ width, height }: Size): Size => ({
  width: Math.max(EMPTY.width, width + PAD),
  height: Math.max(EMPTY.height, height + PAD + GAP_BESIDE / 2),
});

/** The corner of a box on the canvas. `owners` are the ids of the boxes around it. */
export function onCanvas(arrangement: Arrangement, id: string, owners: readonly string[]): Point {
  return [id, ...owners].reduce<Point>(
    ([x, y], part) => [x + (arrangement.get(part)?.x ?? 0), y + (arrangement.get(part)?.y ?? 0)],
    [0, 0],
  );
}

/** The boxes around a room, the nearest first. */
export function boxesAround(room: Room, roomOf: (step: string) => Room): string[] {
  const found: string[] = [];
  for (let at = room; at.owner; at = roomOf(at.owner)) {
    if (at.state) found.push(roomKey(at));
    found.push(at.owner);
  }
  return found;
}

