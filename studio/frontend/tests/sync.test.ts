import { strict as assert } from "node:assert";
import { test } from "node:test";
import { begin, record, redo, undo } from "../src/draft/history.ts";
import { merge } from "../src/draft/merge.ts";
import { hear, meet, tell } from "../src/draft/sync.ts";
import { draftOf, step } from "./drafts.ts";

const [A, B, C] = [draftOf(step("a")), draftOf(step("a"), step("b")), draftOf(step("a"), step("b"), step("c"))];

test("edits are undone and done again, one after the other", () => {
  const both = record(record(begin(A), B, "add", 0), C, "add", 5000);
  const once = undo(both)!;
  assert.equal(once.present, B);
  assert.equal(undo(once)!.present, A);
  assert.equal(undo(undo(once)!), null);
  assert.equal(redo(once)!.present, C);
});

test("edits of one kind in quick succession are undone together", () => {
  assert.equal(undo(record(record(begin(A), B, "nudge", 1000), C, "nudge", 1500))!.present, A);
});

test("an edit after an undo forgets what was undone", () => {
  const back = undo(record(begin(A), B, "", 0))!;
  assert.equal(redo(record(back, C, "", 1)), null);
});

test("an echo of an older edit changes nothing", () => {
  const first = tell(meet({ draft: A, revision: "r:1", seen: 0 }), B);
  const second = tell(first.sync, C);
  const { draft, answer } = hear(second.sync, { draft: B, revision: "r:1", seen: 1 }, C);
  assert.equal(draft, C);
  assert.equal(answer, false);
});

test("what Python changed is taken up", () => {
  const { sync } = tell(meet({ draft: A, revision: "r:1", seen: 0 }), B);
  const { draft, answer } = hear(sync, { draft: C, revision: "r:2", seen: 1 }, B);
  assert.equal(draft, C);
  assert.equal(answer, false);
});

test("changes on both sides at once are put together and told to Python", () => {
  const { sync } = tell(meet({ draft: A, revision: "r:1", seen: 0 }), B);
  const theirs = draftOf({ ...step("a"), name: "First" });
  const { draft, answer, sync: next } = hear(sync, { draft: theirs, revision: "r:2", seen: 0 }, B);
  assert.deepEqual(draft, draftOf({ ...step("a"), name: "First" }, step("b")));
  assert.equal(answer, true);
  assert.deepEqual(tell(next, draft).told, { draft, base: "r:2", number: 2, crossed: false });
});

test("what was edited while the server began anew has crossed what somebody else made of the draft", () => {
  const { sync } = tell(meet({ draft: A, revision: "r:1", seen: 0 }), B);
  const theirs = draftOf({ ...step("a"), name: "First" });
  const crossing = hear(sync, { draft: theirs, revision: "s:0", seen: 0 }, B);
  const told = tell(crossing.sync, crossing.draft);
  assert.equal(told.told.crossed, true);
  assert.equal(tell(told.sync, C).told.crossed, false, "it is told once");

  const arrived = hear(tell(sync, C).sync, { draft: structuredClone(B), revision: "s:0", seen: 0 }, C);
  assert.deepEqual(arrived.draft, C);
  assert.equal(tell(arrived.sync, arrived.draft).told.crossed, false, "the server had the first edit before it ended");
});

test("a merge keeps removals, and changes of what the other side removed", () => {
  assert.deepEqual(merge(B, A, { ...B, name: "n" }), { ...A, name: "n" });
  const changed = draftOf(step("a"), { ...step("b"), name: "kept" });
  assert.deepEqual(merge(B, A, changed), changed);
});

test("a merge puts new steps of the other side behind the one they followed", () => {
  assert.deepEqual(merge(A, draftOf(step("a"), step("x")), draftOf(step("a"), step("y"))), draftOf(step("a"), step("y"), step("x")));
});
