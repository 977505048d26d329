/** Undo and redo: what the draft was. Drafts share what they have in common, so many cost little. */
import type { Draft } from "./types.ts";

const MOST = 200;
const TOGETHER = 800;

export interface History {
  readonly past: readonly Draft[];
  readonly present: Draft;
  readonly future: readonly Draft[];
  /** What the latest edit was, and when (milliseconds): edits of one kind in quick succession are undone together. */
  readonly kind: string;
  readonly at: number;
}

export const begin = (draft: Draft): History => ({ past: [], present: draft, future: [], kind: "", at: 0 });

export function record(history: History, draft: Draft, kind: string, now: number): History {
  if (draft === history.present) return history;
  const together = kind !== "" && kind === history.kind && now - history.at < TOGETHER;
  const past = together ? history.past : [...history.past, history.present].slice(-MOST);
  return { past, present: draft, future: [], kind, at: now };
}

export function undo({ past, present, future }: History): History | null {
  const before = past.at(-1);
  return before ? { past: past.slice(0, -1), present: before, future: [present, ...future], kind: "", at: 0 } : null;
}

export function redo({ past, present, future }: History): History | null {
  const [next, ...rest] = future;
  return next ? { past: [...past, present], present: next, future: rest, kind: "", at: 0 } : null;
}
