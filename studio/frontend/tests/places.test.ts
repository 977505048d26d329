import { strict as assert } from "node:assert";
import { test } from "node:test";
import { addStep, insertOn } from "../src/draft/add.ts";
import { arrange } from "../src/draft/arrange.ts";
import { copySteps, pasteSteps } from "../src/draft/clipboard.ts";
import { moveBoxes, tidy } from "../src/draft/layout.ts";
import { addNote, changeNote, removeNotes } from "../src/draft/notes.ts";
import { overlap } from "../src/draft/sizes.ts";
import { WORKFLOW, type Draft, type Point } from "../src/draft/types.ts";
import { draftOf, get, group, ids, line, step } from "./drafts.ts";

const SET = { uses: "set", title: "Set values" };
const CHAIN = draftOf(step("a"), step("b", "a"), step("c", "b"));

const noneOverlap = (draft: Draft) => {
  const boxes = [...arrange(draft)].filter(([id]) => ids(draft).includes(id)).map(([, box]) => box);
  return boxes.every((box, index) => boxes.slice(index + 1).every((other) => !overlap(box, other)));
};

test("a draft without a layout is laid out from left to right", () => {
  const boxes = arrange(CHAIN);
  assert.ok(boxes.get("a")!.x < boxes.get("b")!.x && boxes.get("b")!.x < boxes.get("c")!.x);
});

test("the body of a group stands inside it", () => {
  const boxes = arrange(draftOf(group("g", step("x"), step("y", "x"))));
  const [g, y] = [boxes.get("g")!, boxes.get("y")!];
  assert.ok(y.x + y.width < g.width && y.y + y.height < g.height);
});

test("the first state stands on the left, whatever leads back to it", () => {
  const back = { transitions: { again: { to: "one" }, on: { to: "three" } } };
  const states = { one: { transitions: { go: { to: "two" } } }, two: back, three: { transitions: { round: { to: "one" } } } };
  const boxes = arrange(draftOf({ id: "m", uses: "states", states }));
  const [one, two, three] = ["m:one", "m:two", "m:three"].map((id) => boxes.get(id)!.x) as [number, number, number];
  assert.ok(one < two && two < three);
});

test("moving one box writes all of its room down, in whole pixels", () => {
  const before = arrange(CHAIN);
  const draft = moveBoxes(CHAIN, new Map([["b", [300.4, 200.6] as Point]]));
  assert.deepEqual(draft.layout!.steps!.b, [300, 201]);
  assert.deepEqual(draft.layout!.steps!.c, [before.get("c")!.x, before.get("c")!.y]);
});

test("tidying leaves nothing behind in the file", () => {
  assert.deepEqual(tidy(moveBoxes(CHAIN, new Map([["b", [0, 300] as Point]]))), CHAIN);
});

test("a step that the layout does not place stands free", () => {
  const placed = moveBoxes(CHAIN, new Map([["b", [304, 200] as Point]]));
  assert.ok(noneOverlap({ ...placed, steps: [...placed.steps!, step("d", "a"), step("e", "a")] }));
});

test("an insert on a line of placed steps makes room", () => {
  const placed = moveBoxes(CHAIN, new Map([["a", [0, 0] as Point]]));
  const { draft } = insertOn(placed, SET, line(placed, "a>b"));
  assert.ok(noneOverlap(draft));
  assert.ok(draft.layout!.steps!.c![0] > placed.layout!.steps!.c![0]);
});

test("a step stands where it was dropped", () => {
  const { draft, id } = addStep(draftOf(), SET, WORKFLOW, [40, 80]);
  assert.deepEqual(draft.layout, { steps: { [id]: [40, 80] } });
});

test("copies get ids of their own, and refer to each other", () => {
  const draft = draftOf(step("a"), { id: "b", uses: "set", needs: ["a"], with: { values: "{{ steps.a.values }}" } });
  const pasted = pasteSteps(draft, copySteps(draft, new Set(["a", "b"])), WORKFLOW);
  assert.ok("ids" in pasted);
  assert.deepEqual(pasted.ids, ["a_2", "b_2"]);
  assert.deepEqual(get(pasted.draft, "b_2").needs, ["a_2"]);
  assert.deepEqual(get(pasted.draft, "b_2").with, { values: "{{ steps.a_2.values }}" });
});

test("pasted into another workflow, steps keep their ids and lose needs that lead nowhere", () => {
  const text = copySteps(draftOf(step("x"), { ...step("y", "x"), on_error: "z" }, step("z")), new Set(["y"]));
  const pasted = pasteSteps(draftOf(step("a")), text, WORKFLOW);
  assert.ok("draft" in pasted);
  assert.deepEqual(pasted.draft.steps, [step("a"), step("y")]);
});

test("a body is copied whole and without its steps twice", () => {
  const draft = draftOf(group("g", step("x")));
  const text = copySteps(draft, new Set(["g", "x"]));
  assert.deepEqual(JSON.parse(text).steps, [group("g", step("x"))]);
  const pasted = pasteSteps(draft, text, WORKFLOW);
  assert.ok("draft" in pasted);
  assert.deepEqual(get(pasted.draft, "g_2"), group("g_2", step("x_2")));
});

test("a whole workflow, a list of steps and one step can be pasted; other text is refused", () => {
  for (const value of [CHAIN, CHAIN.steps, { id: "one", uses: "set" }]) {
    assert.ok("ids" in pasteSteps(draftOf(), JSON.stringify(value), WORKFLOW));
  }
  for (const text of ["hello", "[]", "3", '{"steps": [{"uses": 1}]}', "null"]) {
    assert.ok("refused" in pasteSteps(draftOf(), text, WORKFLOW), text);
  }
});

test("notes are written, moved and taken away without a trace", () => {
  const draft = changeNote(addNote(draftOf(), [1.2, 2], "Hello"), 0, { at: [5.5, 6] });
  assert.deepEqual(draft.layout, { notes: [{ text: "Hello", at: [6, 6] }] });
  assert.deepEqual(removeNotes(draft, new Set([0])), draftOf());
});

test("what the ways of a branch lead to stands in their order", () => {
  const which = { id: "which", uses: "branch", with: {} };
  for (const order of [["which.yes", "which.no"], ["which.no", "which.yes"]] as const) {
    const boxes = arrange(draftOf(which, step("one", order[0]), step("two", order[1]), step("after", "one")));
    const [yes, no] = order[0] === "which.yes" ? ["one", "two"] : ["two", "one"];
    assert.ok(boxes.get(yes!)!.y < boxes.get(no!)!.y, order.join());
  }
});

test("copies of placed steps stand free, beside what they were copied from", () => {
  const placed = moveBoxes(CHAIN, new Map([["a", [0, 0] as Point]]));
  const pasted = pasteSteps(placed, copySteps(placed, new Set(["a", "b"])), WORKFLOW);
  assert.ok("draft" in pasted && noneOverlap(pasted.draft));
});

test("what is wrong is drawn all the same: circles, ids twice, needs that lead nowhere", () => {
  const draft = draftOf(step("a", "c"), step("b", "a"), step("c", "b"), step("a", "gone"), step("self", "self"));
  assert.deepEqual([...arrange(draft).keys()].sort(), ["a", "b", "c", "self"]);
});
