/** Drafts for the tests, and short ways to look at them. */
import { strict as assert } from "node:assert";
import { find } from "../src/draft/steps.ts";
import { allLines, lineId, type Line } from "../src/draft/lines.ts";
import type { Draft, Edit, Step } from "../src/draft/types.ts";

export const draftOf = (...steps: Step[]): Draft => ({ format: 1, id: "test", steps });

/** A step that waits for others: `step("b", "a")`. */
export const step = (id: string, ...needs: string[]): Step =>
  needs.length ? { id, uses: "set", needs } : { id, uses: "set" };

export const group = (id: string, ...steps: Step[]): Step => ({ id, uses: "group", steps });

export const get = (draft: Draft, id: string): Step => {
  const found = find(draft, id);
  assert.ok(found, `there is no step ${id}`);
  return found.step;
};

export const ids = (draft: Draft): string[] => (draft.steps ?? []).map(({ id }) => id);

export const lines = (steps: readonly Step[] | undefined): string[] => allLines(steps ?? []).map(lineId).sort();

export const line = (draft: Draft, id: string): Line => {
  const found = allLines(draft.steps ?? []).find((other) => lineId(other) === id);
  assert.ok(found, `there is no line ${id}`);
  return found;
};

export function done(edit: Edit): Draft {
  assert.ok("draft" in edit, "refused" in edit ? edit.refused : "");
  return edit.draft;
}
