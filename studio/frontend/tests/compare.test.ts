import { strict as assert } from "node:assert";
import { test } from "node:test";
import { arrange } from "../src/draft/arrange.ts";
import { compare } from "../src/draft/compare.ts";
import { lineId } from "../src/draft/lines.ts";
import { overlap } from "../src/draft/sizes.ts";
import { bodiesOf } from "../src/draft/steps.ts";
import type { Draft, Point } from "../src/draft/types.ts";
import { draftOf, get, group, ids, step } from "./drafts.ts";

const CHAIN = draftOf(step("a"), step("b", "a"), step("c", "b"));
const HEALED = draftOf(step("a"), step("c", "a"));

const told = (before: Draft, after: Draft) => compare(before, after).lines.map(([line, how]) => `${how || "kept"} ${lineId(line)}`).sort();

const at = (draft: Draft, places: Record<string, Point>): Draft => ({ ...draft, layout: { steps: places } });

test("two drafts that say the same differ in nothing", () => {
  const { draft, arrangement } = compare(CHAIN, CHAIN);
  assert.deepEqual(draft, CHAIN);
  assert.deepEqual(arrangement, arrange(CHAIN));
  assert.deepEqual(told(CHAIN, CHAIN), ["kept a>b", "kept b>c"]);
});

test("a removed step stands in the file's order, between what it stood between", () => {
  const { draft, arrangement } = compare(CHAIN, HEALED);
  assert.deepEqual(ids(draft), ["a", "b", "c"]);
  const [a, b, c] = ["a", "b", "c"].map((id) => arrangement.get(id)!.x) as [number, number, number];
  assert.ok(a < b && b < c);
  assert.deepEqual(told(CHAIN, HEALED), ["added a>c", "removed a>b", "removed b>c"]);
});

test("where places are written down it stands where it stood", () => {
  const before = at(CHAIN, { a: [0, 0], b: [300, 40], c: [600, 0] });
  const after = at(HEALED, { a: [0, 0], c: [600, 200] });
  const { x, y } = compare(before, after).arrangement.get("b")!;
  assert.deepEqual([x, y], [300, 40]);
});

test("it makes room for what stands there now", () => {
  const before = at(CHAIN, { a: [0, 0], b: [300, 0], c: [600, 0] });
  const after = at(draftOf(step("a"), step("new", "a"), step("c", "new")), { a: [0, 0], new: [310, 10], c: [600, 0] });
  const { arrangement } = compare(before, after);
  assert.equal(arrangement.get("new")!.y, 10);
  assert.ok(!overlap(arrangement.get("b")!, arrangement.get("new")!));
});

test("a container that is gone keeps what is gone with it, and no more", () => {
  const before = draftOf(group("g", step("x"), step("y")), step("z"));
  const after = draftOf(step("z"), step("y"));
  const { draft } = compare(before, after);
  assert.deepEqual(ids(draft), ["g", "z", "y"]);
  assert.deepEqual(get(draft, "g").steps, [step("x")]);
});

test("a step that is gone from a body stands in that body", () => {
  const before = draftOf(group("g", step("x"), step("y", "x")));
  const { draft, arrangement } = compare(before, draftOf(group("g", step("x"))));
  assert.deepEqual(get(draft, "g").steps, [step("x"), step("y", "x")]);
  assert.deepEqual(arrangement, arrange(before));
});

test("when the step around it holds no steps any more, it stands beside it", () => {
  const { draft } = compare(draftOf(group("g", step("x"))), draftOf({ id: "g", uses: "set" }));
  assert.deepEqual(ids(draft), ["x", "g"]);
});

test("a line that only follows from others now is not gone", () => {
  const use = (id: string, ...used: string[]) => ({ id, uses: "set", with: { values: used.map((other) => `{{ steps.${other} }}`) } });
  const before = draftOf(use("a"), use("b"), use("c", "a", "b"));
  assert.deepEqual(told(before, draftOf(use("a"), use("b", "a"), use("c", "a", "b"))), ["added a>b", "kept b>c"]);
});

test("states that are gone stand in their machine, and transitions say how they differ", () => {
  const machine = (states: object) => draftOf({ id: "m", uses: "states", states: states as never });
  const before = machine({ one: { transitions: { go: { to: "two" }, end: { to: "old" } } }, two: {}, old: { steps: [step("x")] } });
  const after = machine({ one: { transitions: { go: { to: "two", if: "{{ x }}" } } }, two: { transitions: { back: { to: "one" } } } });
  const { draft, moves } = compare(before, after);
  assert.deepEqual(Object.keys(bodiesOf(get(draft, "m"))), ["one", "two", "old"]);
  assert.deepEqual(get(draft, "m").states!.old!.steps, [step("x")]);
  assert.deepEqual(moves.map(([{ name }, how]) => [name, how]), [["go", "changed"], ["back", "added"], ["end", "removed"]]);
});
