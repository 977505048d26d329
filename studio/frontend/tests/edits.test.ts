import { strict as assert } from "node:assert";
import { test } from "node:test";
import { addAfter, addStep, addState, insertOn } from "../src/draft/add.ts";
import { connect, disconnect, reconnect } from "../src/draft/connect.ts";
import { lineId, shownLines, waysOf } from "../src/draft/lines.ts";
import { moveToRoom } from "../src/draft/move.ts";
import { removeState, removeSteps } from "../src/draft/remove.ts";
import { nameStep, renameStep } from "../src/draft/rename.ts";
import { addMove, changeMove, movesOf, removeMove, renameState } from "../src/draft/states.ts";
import { WORKFLOW } from "../src/draft/types.ts";
import { done, draftOf, get, group, ids, line, lines, step } from "./drafts.ts";

const SET = { uses: "set", title: "Set values" };

test("a new step is named after its action and says no more than it must", () => {
  const { draft, id } = addStep(draftOf(), { uses: "gmail.search_messages", title: "Search mail" }, WORKFLOW);
  assert.equal(id, "search_mail");
  assert.deepEqual(draft.steps, [{ id: "search_mail", uses: "gmail.search_messages" }]);
});

test("a second one of its kind gets a number", () => {
  const first = addStep(draftOf(), SET, WORKFLOW).draft;
  const second = addStep(first, SET, WORKFLOW).draft;
  assert.deepEqual(ids(addStep(second, SET, WORKFLOW).draft), ["set_values", "set_values_2", "set_values_3"]);
});

test("a step behind another one waits for it and stands behind it in the file", () => {
  const { draft, id } = addAfter(draftOf(step("a"), step("b")), SET, "a");
  assert.deepEqual(ids(draft), ["a", id, "b"]);
  assert.deepEqual(get(draft, id).needs, ["a"]);
});

test("a connection is a need, written before `with`", () => {
  const draft = draftOf(step("a"), { id: "b", uses: "set", with: { values: {} } });
  const joined = done(connect(draft, { source: "a", target: "b" }));
  assert.equal(JSON.stringify(joined.steps![1]), '{"id":"b","uses":"set","needs":["a"],"with":{"values":{}}}');
});

test("what an expression says already is not written as a need", () => {
  const draft = draftOf(step("a"), { id: "b", uses: "set", with: { values: { x: "{{ steps.a.values }}" } } });
  assert.deepEqual(done(connect(draft, { source: "a", target: "b" })), draft);
});

test("a circle is refused, in words", () => {
  const edit = connect(draftOf(step("a"), step("b", "a"), step("c", "b")), { source: "c", target: "a" });
  assert.ok("refused" in edit && edit.refused.includes("circle"));
});

test("a step goes one way of a branch", () => {
  const draft = draftOf({ id: "which", uses: "branch", with: { condition: true } }, step("a", "which.yes"));
  assert.deepEqual(get(done(connect(draft, { source: "which", target: "a", way: "no" })), "a").needs, ["which.no"]);
});

test("the ways of a branch are its cases, each once, and the default", () => {
  assert.deepEqual(waysOf({ id: "b", uses: "branch", with: { condition: "" } }), ["yes", "no"]);
  const cases = { cases: { a: "one", b: "two", c: "one" }, default: "else" };
  assert.deepEqual(waysOf({ id: "b", uses: "branch", with: cases }), ["one", "two", "else"]);
});

test("a connection from the error port says where a failure leads", () => {
  const draft = done(connect(draftOf(step("a"), step("b")), { source: "a", target: "b", kind: "error" }));
  assert.equal(get(draft, "a").on_error, "b");
  assert.deepEqual(lines(draft.steps), ["a!>b"]);
  assert.ok(!("on_error" in get(done(disconnect(draft, line(draft, "a!>b"))), "a")));
});

test("steps in different bodies are joined where both bodies meet", () => {
  const draft = draftOf(step("a"), group("g", step("inner")), group("h", step("other")));
  assert.deepEqual(get(done(connect(draft, { source: "a", target: "inner" })), "g").needs, ["a"]);
  assert.deepEqual(get(done(connect(draft, { source: "inner", target: "other" })), "h").needs, ["g"]);
  assert.ok("refused" in connect(draft, { source: "inner", target: "g" }));
});

test("taking the last need away takes the key away", () => {
  const draft = draftOf(step("a"), step("b", "a"));
  assert.deepEqual(done(disconnect(draft, line(draft, "a>b"))).steps, [step("a"), step("b")]);
});

test("a line that stands for an expression names the field to change", () => {
  const draft = draftOf(step("a"), { id: "b", uses: "set", with: { values: { x: "{{ steps.a.values }}" } } });
  const edit = disconnect(draft, line(draft, "a>b"));
  assert.ok("refused" in edit && edit.refused.includes("with.values.x"));
});

test("a line that follows from others is not shown, unless a person drew it", () => {
  const use = (id: string, ...used: string[]) => ({ id, uses: "set", with: { values: used.map((other) => `{{ steps.${other} }}`) } });
  assert.deepEqual(shownLines([use("a"), use("b", "a"), use("c", "a", "b")]).map(lineId), ["a>b", "b>c"]);
  assert.deepEqual(shownLines([use("a"), use("b", "a"), step("c", "a", "b")]).map(lineId), ["a>b", "a>c", "b>c"]);
});

test("a step on a line takes the need over", () => {
  const draft = draftOf(step("a"), step("b", "a"));
  const { draft: longer, id } = insertOn(draft, SET, line(draft, "a>b"));
  assert.deepEqual(ids(longer), ["a", id, "b"]);
  assert.deepEqual(lines(longer.steps), [`a>${id}`, `${id}>b`]);
});

test("a step on the way of a branch goes that way", () => {
  const draft = draftOf({ id: "which", uses: "branch", with: {} }, step("b", "which.no"));
  const { draft: longer, id } = insertOn(draft, SET, line(draft, "which.no>b"));
  assert.deepEqual(get(longer, id).needs, ["which.no"]);
  assert.deepEqual(get(longer, "b").needs, [id]);
});

test("a step on the way of an error becomes the one that handles it", () => {
  const draft = draftOf({ id: "a", uses: "set", on_error: "b" }, step("b"));
  const { draft: longer, id } = insertOn(draft, SET, line(draft, "a!>b"));
  assert.equal(get(longer, "a").on_error, id);
  assert.deepEqual(get(longer, "b").needs, [id]);
});

test("what stood behind a removed step waits for what stood before it", () => {
  const draft = removeSteps(draftOf(step("a"), step("b", "a"), step("c", "b")), ["b"]);
  assert.deepEqual(draft.steps, [step("a"), step("c", "a")]);
});

test("a removed step leaves no trace in needs, errors and layout", () => {
  const before = { ...draftOf({ id: "a", uses: "set", on_error: "b" }, step("b")), layout: { steps: { a: [0, 0], b: [9, 9] } } } as const;
  assert.deepEqual(removeSteps(before, ["b"]), { ...draftOf(step("a")), layout: { steps: { a: [0, 0] } } });
});

test("a step inside a body is removed with what hangs on it", () => {
  const draft = removeSteps(draftOf(group("g", step("x"), step("y", "x"))), ["x"]);
  assert.deepEqual(get(draft, "g").steps, [step("y")]);
});

test("an insert undone by a removal gives the draft that was", () => {
  const draft = draftOf(step("a"), step("b", "a"), step("c", "b"));
  const { draft: longer, id } = insertOn(draft, SET, line(draft, "a>b"));
  assert.deepEqual(removeSteps(longer, [id]), draft);
});

test("another id reaches needs, errors, expressions, output and layout", () => {
  const draft = {
    ...draftOf(
      { id: "old", uses: "branch", on_error: "b" },
      { id: "b", uses: "set", needs: ["old.yes"], with: { values: { x: "{{ steps.old.way }}" } } },
      group("g", { id: "inner", uses: "set", with: { values: "{{ steps['old'] }}" } }),
    ),
    output: { x: "{{ steps.old.way }}" },
    layout: { steps: { old: [1, 2] as const } },
  };
  const text = JSON.stringify(done(renameStep(draft, "old", "fresh")));
  assert.equal(text, JSON.stringify(draft).replaceAll("old", "fresh"));
});

test("an id that is taken or cannot be spelt is refused", () => {
  const draft = draftOf(step("a"), step("b"));
  assert.ok("refused" in renameStep(draft, "a", "b"));
  assert.ok("refused" in renameStep(draft, "a", "two words"));
});

test("a name stands behind `uses`, and an empty one is not written", () => {
  const draft = nameStep(draftOf(step("a", "b")), "a", "First");
  assert.deepEqual(Object.keys(get(draft, "a")), ["id", "uses", "name", "needs"]);
  assert.ok(!("name" in get(nameStep(draft, "a", " "), "a")));
});

test("a step that goes into a body hands its lines to the body", () => {
  const draft = draftOf(step("a"), step("b", "a"), step("c", "b"), group("g"));
  const moved = moveToRoom(draft, "b", { owner: "g", state: "" });
  assert.deepEqual(get(moved, "g").steps, [step("b")]);
  assert.deepEqual(lines(moved.steps), ["a>g", "g>c"]);
});

test("a step does not go into itself", () => {
  const draft = draftOf(group("g", group("h")));
  assert.equal(moveToRoom(draft, "g", { owner: "h", state: "" }), draft);
});

test("states are added, joined, parted and removed", () => {
  let draft = draftOf({ id: "m", uses: "states" });
  draft = addState(addState(draft, "m", "state"), "m", "state_2");
  draft = addMove(draft, "m", "state", "state_2");
  assert.deepEqual(get(draft, "m").states, { state: { transitions: { state_2: { to: "state_2" } } }, state_2: {} });
  const [move] = movesOf(get(draft, "m"));
  assert.deepEqual(get(removeMove(draft, move!), "m").states, { state: {}, state_2: {} });
  assert.deepEqual(get(removeState(draft, "m", "state_2"), "m").states, { state: {} });
});

test("the end of a line goes to another step", () => {
  const draft = draftOf(step("a"), step("b", "a"), step("c"));
  assert.deepEqual(lines(done(reconnect(draft, line(draft, "a>b"), { source: "a", target: "c" })).steps), ["a>c"]);
  assert.deepEqual(lines(done(reconnect(draft, line(draft, "a>b"), { source: "c", target: "b" })).steps), ["c>b"]);
});

test("a line of a branch or of a failure stays what it is when its end moves", () => {
  const draft = draftOf({ id: "which", uses: "branch" }, step("a", "which.yes"), { id: "b", uses: "set", on_error: "c" }, step("c"), step("d"));
  const led = done(reconnect(draft, line(draft, "which.yes>a"), { source: "which", target: "d", way: "yes" }));
  assert.deepEqual(get(led, "d").needs, ["which.yes"]);
  const failed = done(reconnect(led, line(led, "b!>c"), { source: "b", target: "a", kind: "error" }));
  assert.equal(get(failed, "b").on_error, "a");
});

test("a line that cannot be moved, or not to there, stays", () => {
  const draft = draftOf(step("a"), { id: "b", uses: "set", with: { values: { x: "{{ steps.a.values }}" } } }, step("c", "b"));
  const used = reconnect(draft, line(draft, "a>b"), { source: "a", target: "c" });
  assert.ok("refused" in used && used.refused.includes("with.values.x"));
  const circle = reconnect(draft, line(draft, "b>c"), { source: "c", target: "b" });
  assert.deepEqual(lines("draft" in circle ? circle.draft.steps : []), ["a>b", "c>b"]);
  const chain = draftOf(step("a"), step("b", "a"), step("c", "b"));
  const round = reconnect(chain, line(chain, "a>b"), { source: "c", target: "b" });
  assert.ok("refused" in round && round.refused.includes("circle"));
});

const MACHINE = {
  id: "m",
  uses: "states",
  with: { start: "draft" },
  states: {
    draft: { transitions: { hand_in: { to: "review" } } },
    review: { choose: "ok", transitions: { ok: { to: "done", if: "{{ last.good }}" }, again: { to: "draft" } } },
    done: {},
  },
};

test("another name of a state reaches transitions, the start and what compares with it", () => {
  const draft = {
    ...draftOf(
      MACHINE,
      { id: "x", uses: "set", if: "{{ steps.m.state == 'draft' and 'draft' != steps['m'].state }}", with: { values: { t: "draft" } } },
      { id: "y", uses: "branch", with: { value: "{{ steps.m.state }}", cases: { draft: "early" }, default: "late" } },
    ),
    output: { first: '{{ steps.m.state == "draft" }}', other: "{{ steps.other.state == 'draft' }}" },
  };
  const changed = done(renameState(draft, "m", "draft", "sketch"));
  assert.deepEqual(Object.keys(get(changed, "m").states!), ["sketch", "review", "done"]);
  assert.equal(get(changed, "m").states!.review!.transitions!.again!.to, "sketch");
  assert.deepEqual(get(changed, "m").with, { start: "sketch" });
  assert.equal(get(changed, "x").if, "{{ steps.m.state == 'sketch' and 'sketch' != steps['m'].state }}");
  assert.deepEqual(get(changed, "x").with, { values: { t: "draft" } });
  assert.deepEqual(get(changed, "y").with!.cases, { sketch: "early" });
  assert.deepEqual(changed.output, { first: '{{ steps.m.state == "sketch" }}', other: "{{ steps.other.state == 'draft' }}" });
  assert.ok("refused" in renameState(draft, "m", "draft", "done") && "refused" in renameState(draft, "m", "draft", "to do"));
});

test("a transition gets another name, condition and target, and keeps its place", () => {
  const draft = draftOf(MACHINE);
  const [, ok] = movesOf(get(draft, "m"));
  const changed = get(done(changeMove(draft, ok!, { name: "fine", condition: "", to: "draft" })), "m").states!.review!;
  assert.deepEqual(changed, { choose: "fine", transitions: { fine: { to: "draft" }, again: { to: "draft" } } });
  assert.ok("refused" in changeMove(draft, ok!, { name: "again" }));
  const always = get(done(changeMove(draft, ok!, { condition: "true" })), "m").states!.review!.transitions!.ok;
  assert.deepEqual(always, { to: "done", if: true });
});

test("a transition that leaves another state goes there, under a name that is free", () => {
  const draft = draftOf(MACHINE);
  const again = movesOf(get(draft, "m"))[2]!;
  const states = get(done(changeMove(draft, { ...again }, { from: "done" })), "m").states!;
  assert.deepEqual([states.done, Object.keys(states.review!.transitions!)], [{ transitions: { again: { to: "draft" } } }, ["ok"]]);
});

test("a machine whose first state is removed begins with the next", () => {
  const changed = get(removeState(draftOf(MACHINE), "m", "draft"), "m");
  assert.ok(!("with" in changed));
  assert.deepEqual(Object.keys(changed.states!.review!.transitions!), ["ok"]);
});
