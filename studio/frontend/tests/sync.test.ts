import { strict as assert } from "node:assert";
import { test } from "node:test";
import { begin, record, redo, undo } from "../src/draft/history.ts";
import { merge, overrides } from "../src/draft/merge.ts";
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

test("an edit that stands over what somebody else changed has crossed it", () => {
  const mine = draftOf({ ...step("a"), name: "Mine" });
  const theirs = draftOf({ ...step("a"), name: "Theirs" });
  const { sync } = tell(meet({ draft: A, revision: "r:1", seen: 0 }), mine);
  const crossing = hear(sync, { draft: theirs, revision: "s:0", seen: 0 }, mine);
  const told = tell(crossing.sync, crossing.draft);
  assert.deepEqual(told.told, { draft: mine, base: "s:0", number: 2, crossed: true });
  assert.equal(tell(told.sync, C).told.crossed, false, "it is told once");

  const own = hear(sync, { draft: theirs, revision: "r:2", seen: 0 }, mine);
  assert.equal(tell(own.sync, own.draft).told.crossed, false, "a form of the same tab changed it");
});

test("an edit beside what somebody else changed is put together with it", () => {
  const { sync } = tell(meet({ draft: A, revision: "r:1", seen: 0 }), B);
  const theirs = draftOf({ ...step("a"), name: "First" });
  const beside = hear(sync, { draft: theirs, revision: "s:0", seen: 0 }, B);
  const { told } = tell(beside.sync, beside.draft);
  assert.deepEqual(told.draft, draftOf({ ...step("a"), name: "First" }, step("b")));
  assert.equal(told.crossed, false);

  const moved = { ...A, layout: { steps: { a: [1, 1] as const } } };
  const places = hear(tell(sync, moved).sync, { draft: { ...A, layout: { steps: { a: [2, 2] } } }, revision: "s:0", seen: 0 }, moved);
  assert.equal(tell(places.sync, places.draft).told.crossed, false, "two people moved one box");
});

test("an edit that the server had before it ended has crossed nothing", () => {
  const { sync } = tell(meet({ draft: A, revision: "r:1", seen: 0 }), B);
  const arrived = hear(tell(sync, C).sync, { draft: structuredClone(B), revision: "s:0", seen: 0 }, C);
  assert.deepEqual(arrived.draft, C);
  assert.equal(tell(arrived.sync, arrived.draft).told.crossed, false);
});

test("a merge keeps removals, and changes of what the other side removed", () => {
  assert.deepEqual(merge(B, A, { ...B, name: "n" }), { ...A, name: "n" });
  const changed = draftOf(step("a"), { ...step("b"), name: "kept" });
  assert.deepEqual(merge(B, A, changed), changed);
});

test("a merge puts new steps of the other side behind the one they followed", () => {
  assert.deepEqual(merge(A, draftOf(step("a"), step("x")), draftOf(step("a"), step("y"))), draftOf(step("a"), step("y"), step("x")));
});

test("a merge overrides what both sides changed, and a removal by the other side, but no removal of its own", () => {
  const changed = draftOf(step("a"), { ...step("b"), name: "changed" });
  assert.equal(overrides(B, changed, draftOf(step("a"), { ...step("b"), name: "other" })), true);
  assert.equal(overrides(B, changed, A), true);
  assert.equal(overrides(B, A, changed), false, "theirs is kept");
  assert.equal(overrides(A, draftOf(step("a"), step("x")), draftOf(step("a"), step("y"))), false);
});
