/**
 * The browser and Python change one draft. Python counts what it changed in `revision`, the browser numbers its edits,
 * and each says what it knows of the other (`base`, `seen`). So an echo of an older edit is told from a change, and
 * neither overwrites what the other does at the same time: the browser puts both together.
 *
 * A session of Python, by whose name a revision begins, ends where its draft is somebody else's: taken up while both work
 * at it, or after the server began anew. An edit that stands over what they changed has `crossed` it.
 */
import { merge, overrides, same } from "./merge.ts";
import type { Draft } from "./types.ts";

/** What Python says: its draft, and the number of the latest edit that is in it. */
export interface Said {
  readonly draft: Draft;
  readonly revision: string;
  readonly seen: number;
}

/** What the browser says. `base` is the revision that the edit was made on. */
export interface Told {
  readonly draft: Draft;
  readonly base: string;
  readonly number: number;
  readonly crossed: boolean;
}

export interface Sync {
  readonly base: string;
  readonly number: number;
  /** What Python is known to have. */
  readonly shared: Draft;
  readonly told: readonly Told[];
  /** Whether what is told next has crossed a change by somebody else. */
  readonly crossed: boolean;
}

export const meet = ({ draft, revision, seen }: Said): Sync => ({
  base: revision,
  number: seen,
  shared: draft,
  told: [],
  crossed: false,
});

export function tell(sync: Sync, draft: Draft): { sync: Sync; told: Told } {
  const told = { draft, base: sync.base, number: sync.number + 1, crossed: sync.crossed };
  return { sync: { ...sync, number: told.number, told: [...sync.told, told], crossed: false }, told };
}

/** What to do about what Python says: a draft to take up, if any, and whether it must be told to Python in turn. */
export function hear(sync: Sync, said: Said, present: Draft): { sync: Sync; draft: Draft; answer: boolean } {
  const isSameSession = sessionOf(said.revision) === sessionOf(sync.base);
  const heard = sync.told.find(({ number, draft }) => (isSameSession ? number === said.seen : same(draft, said.draft)));
  const shared = heard?.draft ?? sync.shared;
  const told = sync.told.filter(({ number }) => number > said.seen);
  if (said.revision === sync.base) return { sync: { ...sync, shared, told }, draft: present, answer: false };
  const number = Math.max(sync.number, said.seen);
  const crossed = sync.crossed || (!isSameSession && overrides(withoutPlaces(shared), withoutPlaces(present), withoutPlaces(said.draft)));
  const next: Sync = { base: said.revision, number, shared: said.draft, told: [], crossed: false };
  if (present === shared) return { sync: next, draft: said.draft, answer: false };
  return { sync: { ...next, crossed }, draft: merge(shared, present, said.draft) as Draft, answer: true };
}

/** Where a box stands is nobody's work: to move one writes the places of its whole room. */
function withoutPlaces({ layout, ...rest }: Draft): unknown {
  return { ...rest, notes: layout?.notes };
}

function sessionOf(revision: string): string {
  return revision.split(":")[0]!;
}
