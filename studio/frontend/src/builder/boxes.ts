/** The draft as React Flow's nodes and edges. What did not change keeps its identity, so that it is not drawn again. */
import type { Edge, Node } from "@xyflow/react";
import { lineId, waysOf } from "../draft/lines.ts";
import { noteSize, notesOf } from "../draft/notes.ts";
import { everyStep, holdsSteps, titleOf } from "../draft/steps.ts";
import { roomKey, type Note, type Room, type Step } from "../draft/types.ts";
import type { Move } from "../draft/states.ts";
import { linesShown, moveId, movesShown } from "./shown.ts";
import type { View } from "./store.ts";
import { sentence, stateWords, waitedFor } from "./words.ts";

export function nodesOf(view: View): Node[] {
  const { draft, arrangement, data } = view;
  const before = waitedFor(view);
  const kindOf = (id: string) => data.compare?.changes[id]?.kind;
  const nodes: Node[] = [];
  const drawn = new Set<string>();
  for (const { step, room } of everyStep(draft)) {
    const box = arrangement.get(step.id);
    if (!box || drawn.has(step.id)) continue;
    drawn.add(step.id);
    const holds = holdsSteps(step.uses) || step.steps !== undefined;
    nodes.push({
      ...common(step.id, box, room),
      className: kindOf(step.id),
      type: holds ? "container" : "step",
      data: dataOf(step),
      zIndex: holds ? 0 : 1,
      ariaLabel: sentence(step, data, before.get(step.id) ?? []).join(", "),
    });
    for (const [index, [name, state]] of Object.entries(step.states ?? {}).entries()) {
      const id = `${step.id}:${name}`;
      const first = step.with?.start ? step.with.start === name : index === 0;
      nodes.push({
        ...common(id, arrangement.get(id)!, { owner: step.id, state: "" }),
        type: "state",
        data: { name, state, first },
        className: kindOf(id),
        draggable: false,
        ariaLabel: [`State ${name} of ${titleOf(step)}`, ...stateWords(view, step.id, name)].join(", "),
      });
    }
  }
  notesOf(draft).forEach((note, index) => nodes.push(noteNode(note, index)));
  return nodes;
}

function common(id: string, { x, y, width, height }: { x: number; y: number; width: number; height: number }, room: Room) {
  return {
    id,
    position: { x, y },
    width,
    height,
    measured: { width, height },
    ...(room.owner && { parentId: roomKey(room) }),
    ariaRole: "group" as const,
  };
}

function noteNode(note: Note, index: number): Node {
  const [width, height] = noteSize(note);
  return {
    id: `note:${index}`,
    type: "note",
    position: { x: note.at[0], y: note.at[1] },
    width,
    height,
    measured: { width, height },
    data: { note },
    zIndex: -1,
    connectable: false,
    ariaRole: "group",
    ariaLabel: `Note: ${note.text}`,
  };
}

const datas = new WeakMap<Step, { step: Step }>();

function dataOf(step: Step): { step: Step } {
  let known = datas.get(step);
  if (!known) datas.set(step, (known = { step }));
  return known;
}

export function edgesOf(view: View, hovered: string | null): Edge[] {
  const { draft, data } = view;
  const ways = new Map(everyStep(draft).map(({ step }) => [step.id, waysOf(step)]));
  const lines = linesShown(view).map(([line, difference]): Edge => {
    const id = lineId(line);
    const port = line.kind === "error" ? "error" : ways.get(line.source)?.includes(line.way) ? `way:${line.way}` : "out";
    return {
      ...plainEdge(id, hovered),
      source: line.source,
      sourceHandle: port,
      target: line.target,
      className: `${difference} ${line.kind} ${line.drawn ? "drawn" : "used"} ${flow(data.status[line.source]?.status, data.status[line.target]?.status)}`,
      data: { label: line.kind === "error" ? "on error" : port === "out" && line.way ? line.way : undefined, hovered: hovered === id, difference },
    };
  });
  const moves = movesShown(view).map(([move, difference]): Edge => {
    const id = difference === "removed" ? `${moveId(move)}>${move.to}` : moveId(move);
    return {
      ...plainEdge(id, hovered),
      source: `${move.step}:${move.from}`,
      sourceHandle: "out",
      target: `${move.step}:${move.to}`,
      className: `${difference} move`,
      zIndex: 2,
      data: { label: move.condition ? `${move.name} if` : move.name, isMove: true, hovered: hovered === id, drop: dropOf(view, move), difference },
    };
  });
  return [...lines, ...moves];
}

/** How far below its ends a way back runs: below both boxes. */
function dropOf({ arrangement }: View, { step, from, to }: Move): number {
  return Math.max(...[from, to].map((state) => arrangement.get(`${step}:${state}`)?.height ?? 0)) / 2 + 20;
}

const plainEdge = (id: string, hovered: string | null) => ({
  id,
  type: "flow",
  targetHandle: "in",
  focusable: false,
  selectable: true,
  zIndex: hovered === id ? 3 : 1,
});

function flow(source: string | undefined, target: string | undefined): string {
  if (target === "running") return "flowing";
  if (target === "skipped" || target === "cancelled") return "unused";
  return source === "succeeded" && target && target !== "pending" ? "passed" : "";
}
