import { strict as assert } from "node:assert";
import { test } from "node:test";
import { flaw } from "../src/draft/flaw.ts";
import { draftOf, group, step } from "./drafts.ts";

test("a draft with steps, bodies and states can be drawn", () => {
  const machine = { id: "m", uses: "states", states: { one: { steps: [step("x")], transitions: { go: { to: "two" } } }, two: {} } };
  assert.equal(flaw(draftOf(step("a"), group("g", step("b")), machine)), null);
  assert.equal(flaw({}), null);
});

const WRONG: [name: string, draft: unknown][] = [
  ["no object", []],
  ["steps that are no list", { steps: {} }],
  ["a step that is none", { steps: [null] }],
  ["a step without an id", { steps: [{ uses: "set" }] }],
  ["a step that uses nothing", { steps: [{ id: "a" }] }],
  ["needs that are no list", { steps: [{ id: "a", uses: "set", needs: "b" }] }],
  ["parameters that are a list", { steps: [{ id: "a", uses: "set", with: [] }] }],
  ["a wrong step in a body", { steps: [{ id: "g", uses: "group", steps: [{ id: "x" }] }] }],
  ["states that are a list", { steps: [{ id: "m", uses: "states", states: [] }] }],
  ["a state that is none", { steps: [{ id: "m", uses: "states", states: { a: 1 } }] }],
  ["a transition to nowhere", { steps: [{ id: "m", uses: "states", states: { a: { transitions: { go: {} } } } }] }],
  ["a layout that is text", { layout: "wide" }],
];

for (const [name, draft] of WRONG) test(`${name}: told in words`, () => assert.match(flaw(draft) ?? "", /\w.*\.$/));
