import type { KeyboardEvent } from "react";
import { find, titleOf } from "../draft/steps.ts";
import { GRID } from "../draft/sizes.ts";
import { fixed, join, moveEnd, newNote, newState, nudge, portOf, removeSelected, roomOfBox, tidyUp } from "./commands.ts";
import { ARROWS, linesAt, nextBox, portWords, portsOf } from "./navigate.ts";
import { moveOf } from "./shown.ts";
import type { Store } from "./store.ts";
import { moveWords } from "./words.ts";

/** What keys need besides the store: the view of the canvas. */
export interface Camera {
  readonly fit: () => void;
  readonly zoom: (by: 1 | -1) => void;
  readonly show: (id: string) => void;
  readonly middle: () => readonly [number, number];
  readonly duplicate: () => void;
}

/** Do what a key is for; whether it is for anything. `HelpPanel.tsx` lists them. */
export function onKey(store: Store, camera: Camera, event: KeyboardEvent): boolean {
  const command = event.ctrlKey || event.metaKey;
  if (event.altKey) return false;
  const done = command ? onCommand(store, camera, event) : (onMove(store, camera, event) ?? onLetter(store, camera, event));
  return done;
}

function onCommand(store: Store, camera: Camera, { key, shiftKey }: KeyboardEvent): boolean {
  switch (key.toLowerCase()) {
    case "z":
      if (shiftKey) store.redo();
      else store.undo();
      return true;
    case "y":
      store.redo();
      return true;
    case "a":
      store.select([...store.view.arrangement.keys()].filter((id) => find(store.view.draft, id)));
      return true;
    case "d":
      camera.duplicate();
      return true;
    default:
      return false;
  }
}

function onMove(store: Store, camera: Camera, { key, shiftKey }: KeyboardEvent): boolean | undefined {
  const direction = ARROWS[key];
  if (!direction) return undefined;
  const by = 2 * GRID;
  if (shiftKey) {
    const [dx, dy] = { left: [-by, 0], right: [by, 0], up: [0, -by], down: [0, by] }[direction] as [number, number];
    nudge(store, dx, dy);
    return true;
  }
  const next = nextBox(store.view, store.view.current, direction);
  if (!next) return true;
  if (store.view.connecting) store.set({ current: next });
  else store.select([next]);
  camera.show(next);
  return true;
}

function onLetter(store: Store, camera: Camera, { key }: KeyboardEvent): boolean {
  const { view } = store;
  const { current, connecting, data } = view;
  if (ALWAYS[key]) {
    ALWAYS[key](store, camera);
    return true;
  }
  if (key === "Enter") {
    if (connecting && current) finish(store, current);
    else if (view.line && moveOf(view.draft, view.line) && !data.readOnly) store.set({ renaming: view.line });
    else if (view.line && !data.readOnly) store.set({ aim: { line: view.line }, paletteOpen: true });
    else if (current?.startsWith("note:") && !data.readOnly) store.set({ writing: current });
    else if (current) store.open(current);
    return true;
  }
  if (key === " ") {
    if (current) toggle(store, current);
    return true;
  }
  if (data.readOnly) return false;
  const edit = EDITS[key] ?? EDITS[key.toLowerCase()];
  edit?.(store, camera);
  return edit !== undefined;
}

type Press = (store: Store, camera: Camera) => void;

const ALWAYS: Readonly<Record<string, Press>> = {
  "?": (store) => store.set({ panel: store.view.panel === "help" ? "" : "help" }),
  l: (store) => store.set({ panel: store.view.panel === "list" ? "" : "list" }),
  m: (store) => store.set({ minimap: !store.view.minimap }),
  f: (_, camera) => camera.fit(),
  "+": (_, camera) => camera.zoom(1),
  "=": (_, camera) => camera.zoom(1),
  "-": (_, camera) => camera.zoom(-1),
  Escape: (store) => {
    if (store.view.connecting) store.set({ connecting: null, message: "" });
    else if (store.view.panel) store.set({ panel: "" });
    else store.select([], { current: store.view.current });
  },
};

const EDITS: Readonly<Record<string, Press>> = {
  "/": (store) => store.set({ paletteOpen: true }),
  a: (store) => store.set({ paletteOpen: true }),
  c: (store) => connectFrom(store),
  e: (store) => nextLine(store),
  n: (store, camera) => newNote(store, camera.middle()),
  t: (store) => tidyUp(store),
  F2: (store) => {
    const { current, draft, line } = store.view;
    if (line && moveOf(draft, line)) store.set({ renaming: line });
    else if (current && (find(draft, current) || roomOfBox(current).state) && !current.startsWith("note:")) store.set({ renaming: current });
  },
  r: (store) => leadElsewhere(store),
  s: (store) => {
    const { current, draft } = store.view;
    const machine = current && find(draft, roomOfBox(current).owner)?.step;
    if (machine && machine.uses === "states") newState(store, machine.id);
    else store.say("Go to a state machine first: it has states.");
  },
  Delete: (store) => removeSelected(store),
  Backspace: (store) => removeSelected(store),
};

function toggle(store: Store, id: string): void {
  const selected = new Set(store.view.selected);
  if (!selected.delete(id)) selected.add(id);
  store.select(selected, { current: id });
}

/** Begin a line at the current box, or go on to its next port. */
function connectFrom(store: Store): void {
  const { connecting, current } = store.view;
  const drawn = connecting && "port" in connecting ? connecting : null;
  const source = drawn?.source ?? current;
  if (!source) return store.say("Go to a step first.");
  const ports = portsOf(store.view, source);
  if (!ports.length) return;
  const port = ports[(drawn ? ports.indexOf(drawn.port) + 1 : 0) % ports.length]!;
  store.set({ connecting: { source, port } });
  const step = find(store.view.draft, source)?.step;
  store.say(`From ${step ? `“${titleOf(step)}”` : source}, ${portWords(port)}: go to the other step and press Enter. C: next port.`);
}

function finish(store: Store, target: string): void {
  const connecting = store.view.connecting!;
  store.set({ connecting: null });
  if ("line" in connecting) moveEnd(store, connecting.line, connecting.end, target);
  else if (join(store, { source: connecting.source, target, ...portOf(connecting.port) })) {
    store.select([target], { line: store.view.line });
  }
}

/** Begin to lead the chosen line to another box, or turn to its other end. */
function leadElsewhere(store: Store): void {
  const { connecting, draft, line } = store.view;
  const before = connecting && "line" in connecting ? connecting : null;
  const id = before?.line ?? line;
  if (!id) return store.say("Choose a line first: E.");
  const why = fixed(draft, id);
  if (why) return store.say(why);
  const end = before?.end === "target" ? "source" : "target";
  store.set({ connecting: { line: id, end } });
  store.say(`${end === "target" ? "Where is it to end" : "Where is it to begin"}? Go there and press Enter. R: its other end.`);
}

function nextLine(store: Store): void {
  const { current, line } = store.view;
  const lines = current ? linesAt(store.view, current) : [];
  if (!lines.length) return store.say("No line begins or ends here.");
  const next = lines[(line ? lines.indexOf(line) + 1 : 0) % lines.length]!;
  store.set({ line: next });
  const move = moveOf(store.view.draft, next);
  if (move) return store.say(`From ${move.from}: ${moveWords(move)}. Enter: name and condition, R leads it elsewhere, Delete removes it.`);
  const [from, to] = next.split(">").map((part) => part.replace(/!$/, " (on error)").replace(".", ", "));
  store.say(`Line from ${from} to ${to}. Enter inserts a step, R leads it elsewhere, Delete removes it.`);
}
