/** What a person can do to the draft: each command makes an edit, chooses what it made, and says what happened. */
import { addAfter, addState, addStep, insertOn, type Kind } from "../draft/add.ts";
import { boxesAround, onCanvas } from "../draft/arrange.ts";
import { copySteps, pasteSteps } from "../draft/clipboard.ts";
import { connect, disconnect, reconnect, type End } from "../draft/connect.ts";
import { moveBoxes, tidy } from "../draft/layout.ts";
import { lineId, linesOf, waysOf, type Line } from "../draft/lines.ts";
import { moveToRoom } from "../draft/move.ts";
import { addNote, changeNote, notesOf, removeNotes } from "../draft/notes.ts";
import { removeState, removeSteps } from "../draft/remove.ts";
import { addMove, changeMove, movesOf, removeMove, type Move } from "../draft/states.ts";
import { bodiesOf, everyStep, find, freshId, holdsSteps, ownersOf, titleOf } from "../draft/steps.ts";
import { WORKFLOW, sameRoom, type Draft, type Edit, type Point, type Room } from "../draft/types.ts";
import { lineOf, moveId, moveOf } from "./shown.ts";
import type { Side, Store, View } from "./store.ts";

/** Where the next step goes: on the line, behind the step, or into the empty body that is chosen; else on its own. */
export type Target = { readonly line: Line } | { readonly after: string; readonly way: string } | { readonly room: Room };

export function targetOf({ draft, aim, line, selected }: View): Target {
  const lineAimed = lineOf(draft, (aim && "line" in aim ? aim.line : aim ? null : line) ?? "");
  if (lineAimed) return { line: lineAimed };
  if (aim && "after" in aim && find(draft, aim.after)) return aim;
  const [id] = selected.size === 1 ? selected : [""];
  if (!id || id.startsWith("note:")) return { room: WORKFLOW };
  if (id.includes(":")) return { room: roomOfBox(id) };
  const step = find(draft, id)?.step;
  if (!step) return { room: WORKFLOW };
  if (holdsSteps(step.uses) && step.uses !== "states" && !bodiesOf(step)[""]?.length) return { room: { owner: id, state: "" } };
  const taken = new Set(linesOf(draft.steps ?? []).filter(({ source }) => source === id).map(({ way }) => way));
  return { after: id, way: waysOf(step).find((way) => !taken.has(way)) ?? "" };
}

/** The room that a box is: a body ("id") or a state ("id:state"); "" is the canvas. */
export function roomOfBox(box: string): Room {
  const [owner = "", state = ""] = box.split(":");
  return { owner, state };
}

export function add(store: Store, kind: Kind): void {
  const { draft } = store.view;
  const target = targetOf(store.view);
  const { draft: next, id } =
    "line" in target ? insertOn(draft, kind, target.line)
    : "after" in target ? addAfter(draft, kind, target.after, target.way)
    : addStep(draft, kind, target.room); // prettier-ignore
  chooseNew(store, next, id);
}

/** Drop a new step on a line, or into a room at a place of the canvas. */
export function dropNew(store: Store, kind: Kind, onLine: string | null, box: string, point: Point): void {
  const { draft, arrangement } = store.view;
  const line = onLine && lineOf(draft, onLine);
  if (line) {
    const { draft: next, id } = insertOn(draft, kind, line);
    return chooseNew(store, next, id);
  }
  const room = roomOfBox(box);
  const [left, top] = cornerOf(draft, arrangement, room);
  const { draft: next, id } = addStep(draft, kind, room, [point[0] - left, point[1] - top]);
  chooseNew(store, next, id);
}

function chooseNew(store: Store, draft: Draft, id: string): void {
  store.edit(draft);
  store.select([id], { paletteOpen: false, reveal: { id } });
  store.say(`Added “${titleOf(find(draft, id)!.step)}”.`);
}

/** The corner of a room on the canvas. */
function cornerOf(draft: Draft, arrangement: View["arrangement"], room: Room): Point {
  const [first, ...rest] = boxesAround(room, (id) => find(draft, id)?.room ?? WORKFLOW);
  return first ? onCanvas(arrangement, first, rest) : [0, 0];
}

function apply(store: Store, edit: Edit, said: string): boolean {
  if ("refused" in edit) {
    store.say(edit.refused);
    return false;
  }
  store.edit(edit.draft);
  store.say(said);
  return true;
}

export function join(store: Store, end: End): boolean {
  const { draft } = store.view;
  const [from, to] = [roomOfBox(end.source), roomOfBox(end.target)];
  if (from.state && to.state && from.owner === to.owner) {
    const next = addMove(draft, from.owner, from.state, to.state);
    const made = movesOf(find(next, from.owner)!.step).findLast((move) => move.from === from.state)!;
    store.edit(next);
    chooseLine(store, moveId(made));
    store.say("Connected. F2 gives the transition a name and a condition.");
    return true;
  }
  return apply(store, connect(draft, { ...end, source: from.owner, target: to.owner }), "Connected.");
}

export function removeLine(store: Store, id: string): void {
  const { draft } = store.view;
  const move = moveOf(draft, id);
  const line = lineOf(draft, id);
  if (move) apply(store, { draft: removeMove(draft, move) }, `Transition “${move.name}” removed.`);
  else if (line) apply(store, disconnect(draft, line), "Line removed.");
  if (!lineOf(store.view.draft, id)) store.set({ line: null });
}

/** Choose a line; a transition with the state that it leaves, whose form tells when it is taken. */
export function chooseLine(store: Store, id: string): void {
  const move = moveOf(store.view.draft, id);
  store.select(move ? [`${move.step}:${move.from}`] : [], { line: id, current: store.view.current });
}

/** Why a line cannot be led elsewhere, in words; null when it can. */
export function fixed(draft: Draft, id: string): string | null {
  const line = lineOf(draft, id);
  const apart = line && !line.drawn ? disconnect(draft, line) : null;
  return apart && "refused" in apart ? apart.refused : null;
}

/** Lead one end of a line or a transition to another box, and there from a port where one is named. */
export function moveEnd(store: Store, id: string, end: Side, box: string, port?: string): boolean {
  const move = moveOf(store.view.draft, id);
  const line = lineOf(store.view.draft, id);
  return move ? moveTransition(store, move, end, box) : line ? moveLine(store, line, end, box, port) : false;
}

function moveTransition(store: Store, move: Move, end: Side, box: string): boolean {
  const { owner, state } = roomOfBox(box);
  if (owner !== move.step || !state) {
    store.say("A transition leads from a state to a state of the same machine.");
    return false;
  }
  const next = end === "source" ? { ...move, from: state } : { ...move, to: state };
  const done = apply(store, changeMove(store.view.draft, move, next), `“${move.name}” leads from ${next.from} to ${next.to} now.`);
  if (done && end === "target") chooseLine(store, moveId(move));
  return done;
}

function moveLine(store: Store, line: Line, end: Side, box: string, port?: string): boolean {
  const { draft } = store.view;
  const to = roomOfBox(box).owner;
  const joined: End =
    end === "target" ? { ...line, target: to }
    : { source: to, target: line.target, ...(port ? portOf(port) : { kind: line.kind, way: wayFrom(draft, to, line.way) }) }; // prettier-ignore
  if (lineId({ ...line, ...joined }) === lineId(line)) return false;
  const title = (id: string) => `“${titleOf(find(draft, id)!.step)}”`;
  if (!apply(store, reconnect(draft, line, joined), `The line leads from ${title(joined.source)} to ${title(joined.target)} now.`)) return false;
  const left = fixed(store.view.draft, lineId(line));
  if (left) store.say(left);
  const made = lineOf(store.view.draft, lineId({ ...line, ...joined }));
  store.set({ line: made ? lineId(made) : null });
  return true;
}

/** The way by which a line leaves a step where none is named: the one that it had, else one that is free. */
function wayFrom(draft: Draft, id: string, way: string): string {
  const ways = waysOf(find(draft, id)!.step);
  const taken = new Set(linesOf(draft.steps ?? []).filter(({ source }) => source === id).map((line) => line.way));
  return ways.includes(way) ? way : (ways.find((other) => !taken.has(other)) ?? ways[0] ?? "");
}

/** What a line is by the port that it begins at, as React Flow calls that. */
export const portOf = (port: string): { kind: Line["kind"]; way: string } => ({
  kind: port === "error" ? "error" : "then",
  way: port.startsWith("way:") ? port.slice(4) : "",
});

export function removeSelected(store: Store): void {
  const { draft, selected, line, current } = store.view;
  if (line) return removeLine(store, line);
  if (!selected.size) return;
  const boxes = [...selected];
  const notes = boxes.filter((id) => id.startsWith("note:")).map((id) => Number(id.slice(5)));
  const states = boxes.filter((id) => id.includes(":") && !id.startsWith("note:"));
  const steps = boxes.filter((id) => !id.includes(":"));
  const before = neighbour(draft, current ?? steps[0] ?? "");
  let next = removeSteps(notes.length ? removeNotes(draft, new Set(notes)) : draft, steps);
  for (const box of states) next = removeState(next, roomOfBox(box).owner, roomOfBox(box).state);
  store.edit(next);
  store.select([], { current: before && find(next, before) ? before : null });
  store.say(boxes.length === 1 ? "Removed. Ctrl+Z brings it back." : `Removed ${boxes.length}. Ctrl+Z brings them back.`);
}

/** The step that stood before another one in the list. */
function neighbour(draft: Draft, id: string): string | null {
  const all = everyStep(draft).map(({ step }) => step.id);
  return all[all.indexOf(id) - 1] ?? all[all.indexOf(id) + 1] ?? null;
}

/** Boxes were let go of: `places` are their corners on the canvas, `box` is what they were dropped on. */
export function dropped(store: Store, places: ReadonlyMap<string, Point>, box: string): void {
  const { draft, selected } = store.view;
  let next = draft;
  const moved = new Map<string, Point>();
  for (const [id, place] of places) {
    if (id.startsWith("note:")) {
      next = changeNote(next, Number(id.slice(5)), { at: place });
      continue;
    }
    const own = find(next, id)!.room;
    const room = roomOfBox(box);
    const [left, top] = cornerOf(draft, store.view.arrangement, sameRoom(own, room) ? own : room);
    const inside: Point = [place[0] - left, place[1] - top];
    if (sameRoom(own, room)) moved.set(id, inside);
    else next = moveToRoom(next, id, room, inside);
  }
  store.edit(moved.size ? moveBoxes(next, moved) : next, { selected });
}

/** Move what is chosen by some pixels. */
export function nudge(store: Store, dx: number, dy: number): void {
  const { draft, arrangement, selected } = store.view;
  let next = draft;
  const moved = new Map<string, Point>();
  for (const id of selected) {
    const box = arrangement.get(id);
    const note = id.startsWith("note:") ? notesOf(draft)[Number(id.slice(5))] : undefined;
    if (note) next = changeNote(next, Number(id.slice(5)), { at: [note.at[0] + dx, note.at[1] + dy] });
    else if (box && find(draft, id) && !ownersOf(draft, id).some((owner) => selected.has(owner))) moved.set(id, [box.x + dx, box.y + dy]);
  }
  store.edit(moved.size ? moveBoxes(next, moved) : next, {}, "nudge");
}

export function tidyUp(store: Store): void {
  store.edit(tidy(store.view.draft));
  store.say("Tidied up.");
}

export function copied(store: Store): string | null {
  const { draft, selected } = store.view;
  const steps = new Set([...selected].filter((id) => find(draft, id)));
  if (!steps.size) return null;
  store.say(steps.size === 1 ? "Copied 1 step." : `Copied ${steps.size} steps.`);
  return copySteps(draft, steps);
}

export function paste(store: Store, text: string): void {
  const { draft, selected } = store.view;
  const [id] = selected.size === 1 ? selected : [""];
  const box = id && !id.startsWith("note:") ? id : "";
  const room = box.includes(":") ? roomOfBox(box) : (find(draft, box)?.room ?? WORKFLOW);
  const result = pasteSteps(draft, text, room);
  if ("refused" in result) return store.say(result.refused);
  store.edit(result.draft);
  store.select(result.ids, { reveal: { id: result.ids[0]! } });
  store.say(result.ids.length === 1 ? "Pasted 1 step." : `Pasted ${result.ids.length} steps.`);
}

export function newNote(store: Store, at: Point): void {
  const id = `note:${notesOf(store.view.draft).length}`;
  store.edit(addNote(store.view.draft, at));
  store.select([id], { writing: id });
}

export function newState(store: Store, step: string): void {
  const states = find(store.view.draft, step)?.step.states ?? {};
  const name = freshId("state", new Set(Object.keys(states)));
  const id = `${step}:${name}`;
  store.edit(addState(store.view.draft, step, name));
  store.select([id], { renaming: id, reveal: { id } });
  store.say("Added a state.");
}
