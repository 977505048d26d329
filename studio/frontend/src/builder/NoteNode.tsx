import { memo, useEffect, useRef } from "react";
import type { NodeProps } from "@xyflow/react";
import { changeNote, removeNotes } from "../draft/notes.ts";
import type { Note } from "../draft/types.ts";
import { useStore, useView } from "./context.ts";

/** A note on the canvas: plain text, written in place. */
export const NoteNode = memo(function NoteNode({ id, data }: NodeProps) {
  const { text } = data.note as Note;
  const writing = useView((view) => view.writing === id);
  return <div className="note">{writing ? <NoteText id={id} text={text} /> : <div className="words">{text || "Empty note"}</div>}</div>;
});

function NoteText({ id, text }: { readonly id: string; readonly text: string }) {
  const store = useStore();
  const field = useRef<HTMLTextAreaElement>(null);
  useEffect(() => field.current?.focus({ preventScroll: true }), []);
  const keep = () => {
    if (store.view.writing !== id) return;
    const index = Number(id.slice(5));
    const words = field.current!.value.trim();
    const { draft } = store.view;
    const changed = words ? changeNote(draft, index, { text: words }) : removeNotes(draft, new Set([index]));
    if (words === text && words) store.set({ writing: null });
    else store.edit(changed, { writing: null });
  };
  return (
    <textarea
      ref={field}
      className="nodrag nowheel nopan"
      aria-label="Note"
      defaultValue={text}
      onBlur={keep}
      onKeyDown={(event) => {
        event.stopPropagation();
        if (event.key === "Escape" || (event.key === "Enter" && (event.ctrlKey || event.metaKey))) {
          // Leaving the text keeps it.
          event.currentTarget.closest<HTMLElement>(".react-flow__node")?.focus({ preventScroll: true });
        }
      }}
    />
  );
}
