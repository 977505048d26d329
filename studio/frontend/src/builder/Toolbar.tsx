import type { RefObject } from "react";
import { useReactFlow } from "@xyflow/react";
import { Button } from "./Button.tsx";
import { find } from "../draft/steps.ts";
import { newNote, newState, paste, removeSelected, roomOfBox, tidyUp } from "./commands.ts";
import { useStore, useView } from "./context.ts";
import { lineOf, moveOf } from "./shown.ts";
import { Differences } from "./Differences.tsx";
import { copyText, pasteText } from "./clipboard.ts";

export function Toolbar({ frame }: { readonly frame: RefObject<HTMLDivElement | null> }) {
  const store = useStore();
  const flow = useReactFlow();
  const readOnly = useView((view) => view.data.readOnly);
  const canUndo = useView((view) => view.canUndo);
  const canRedo = useView((view) => view.canRedo);
  const comparison = useView((view) => view.data.compare);
  const panel = useView((view) => view.panel);
  const turn = (name: "help" | "list") => store.set({ panel: panel === name ? "" : name });
  const middle = () => {
    const { left, top, width, height } = frame.current!.getBoundingClientRect();
    const { x, y } = flow.screenToFlowPosition({ x: left + width / 2, y: top + height / 2 });
    newNote(store, [x, y]);
  };
  return (
    <div className="toolbar" role="toolbar" aria-label="Canvas">
      {!readOnly && (
        <div className="set">
          <span className="narrow-only">
            <Button icon="add" label="Add a step" keys="/" onClick={() => store.set({ paletteOpen: true })} />
          </span>
          <Button icon="undo" label="Undo" keys="Ctrl+Z" disabled={!canUndo} onClick={() => store.undo()} />
          <Button icon="redo" label="Do again" keys="Ctrl+Y" disabled={!canRedo} onClick={() => store.redo()} />
          <Button icon="auto_fix_high" label="Tidy up" keys="T" onClick={() => tidyUp(store)} />
          <Button icon="sticky_note_2" label="Note" keys="N" onClick={middle} />
        </div>
      )}
      <div className="set">
        <Button icon="zoom_out" label="Smaller" keys="−" onClick={() => void flow.zoomOut()} />
        <Button icon="zoom_in" label="Larger" keys="+" onClick={() => void flow.zoomIn()} />
        <Button icon="fit_screen" label="Show all of it" keys="F" onClick={() => void flow.fitView({ padding: 0.12, maxZoom: 1 })} />
      </div>
      <div className="set">
        <Button icon="list" label="List of steps" keys="L" pressed={panel === "list"} onClick={() => turn("list")} />
        <Button icon="keyboard" label="Keys" keys="?" pressed={panel === "help"} onClick={() => turn("help")} />
      </div>
      {comparison && <Differences comparison={comparison} />}
    </div>
  );
}

/** What can be done with the boxes that are chosen. */
export function SelectionBar({ frame }: { readonly frame: RefObject<HTMLDivElement | null> }) {
  const store = useStore();
  const count = useView((view) => view.selected.size);
  const one = useView((view) => (view.selected.size === 1 ? [...view.selected][0]! : null));
  const readOnly = useView((view) => view.data.readOnly);
  const machine = useView(({ draft }) => {
    const step = one && find(draft, roomOfBox(one).owner)?.step;
    return step && step.uses === "states" ? step.id : null;
  });
  const onLine = useView(({ draft, line }) => line !== null && (lineOf(draft, line) ?? moveOf(draft, line)) !== undefined);
  // What can be done with a line stands on it.
  if (!count || readOnly || onLine) return null;
  const isNote = one?.startsWith("note:") ?? false;
  const isStep = one !== null && !one.includes(":");
  return (
    <div className="toolbar selection" role="toolbar" aria-label="Chosen steps">
      <div className="set">
        {count > 1 && <span className="count">{count} chosen</span>}
        {isStep && <Button icon="add" label="Add a step behind it" keys="/" onClick={() => store.set({ paletteOpen: true })} />}
        {machine && <Button icon="add_box" label="Add a state" keys="S" onClick={() => newState(store, machine)} />}
        {one && !isNote && <Button icon="edit" label="Name" keys="F2" onClick={() => store.set({ renaming: one })} />}
        {isNote && <Button icon="edit" label="Write" keys="Enter" onClick={() => store.set({ writing: one })} />}
        {(isStep || count > 1) && <Button icon="content_copy" label="Copy" keys="Ctrl+C" onClick={() => copyText(store, frame.current!)} />}
        <Button icon="content_paste" label="Paste" keys="Ctrl+V" onClick={() => void pasteText().then((text) => paste(store, text))} />
        <Button icon="delete" label="Remove" keys="Delete" onClick={() => removeSelected(store)} />
      </div>
    </div>
  );
}
