import { withLayout } from "./layout.ts";
import type { Draft, Note, Point } from "./types.ts";

const WIDTH = 220;
const LETTERS = 30;

/** Width and height of a note: what the file says, else as its text needs. */
export function noteSize({ text, size }: Note): Point {
  if (size) return size;
  const lines = text.split("\n").reduce((sum, line) => sum + Math.max(1, Math.ceil(line.length / LETTERS)), 0);
  return [WIDTH, Math.min(480, Math.max(64, 26 + 18 * lines))];
}

export const notesOf = (draft: Draft): readonly Note[] =>
  (Array.isArray(draft.layout?.notes) ? draft.layout.notes : []).filter(
    (note) => note && typeof note.text === "string" && Array.isArray(note.at),
  );

export const addNote = (draft: Draft, at: Point, text = ""): Draft =>
  withLayout(draft, { notes: [...notesOf(draft), { text, at: rounded(at) }] });

export const changeNote = (draft: Draft, index: number, change: Partial<Note>): Draft =>
  withLayout(draft, {
    notes: notesOf(draft).map((note, at) =>
      at === index
        ? { ...note, ...change, ...(change.at && { at: rounded(change.at) }), ...(change.size && { size: rounded(change.size) }) }
        : note,
    ),
  });

export const removeNotes = (draft: Draft, indexes: ReadonlySet<number>): Draft =>
  withLayout(draft, { notes: notesOf(draft).filter((_, index) => !indexes.has(index)) });

const rounded = ([x, y]: Point): Point => [Math.round(x), Math.round(y)];
