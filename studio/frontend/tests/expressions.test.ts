import { strict as assert } from "node:assert";
import { test } from "node:test";
import { placesOf, referencedSteps, renameReferences } from "../src/draft/expressions.ts";

const REFERENCES: [text: string, steps: string[]][] = [
  ["{{ steps.mail.text }}", ["mail"]],
  ["{{ steps['mail'].text }}", ["mail"]],
  ['{{ steps["a"].x + steps.b[0].y }}', ["a", "b"]],
  ["From {{ steps.a.x }} to {{ steps.b.y }}", ["a", "b"]],
  ["{% for mail in steps.mails.all %}{{ mail }}{% endfor %}", ["mails"]],
  ["steps.mail.text", []],
  ["{{ 'steps.mail.text' }}", []],
  ["{{ parent.steps.mail }}", []],
  ["{{ mysteps.mail }}", []],
  ["{# steps.mail #}{{ steps.other }}", ["other"]],
  ["{{ {'a': {'b': steps.a}} }} steps.b", ["a"]],
  ["{{ '}}' ~ steps.a.x }}", ["a"]],
  ["{{ steps . mail . text }}", ["mail"]],
  ["{{ 'it\\'s' ~ steps.a }}", ["a"]],
  ["{{ steps.a", ["a"]],
];

for (const [text, steps] of REFERENCES) {
  test(`${text} refers to ${steps.join(", ") || "no step"}`, () => {
    assert.deepEqual([...referencedSteps(text)], steps);
  });
}

test("a rename reaches every reference and nothing else", () => {
  const value = {
    text: "steps.old {{ steps.old.text }} {{ steps.older.x }} {{ steps['old'][0] }} {{ 'steps.old' }}",
    list: [{ deep: "{% if steps.old %}yes{% endif %}" }],
  };
  assert.deepEqual(renameReferences(value, new Map([["old", "new_one"]])), {
    text: "steps.old {{ steps.new_one.text }} {{ steps.older.x }} {{ steps['new_one'][0] }} {{ 'steps.old' }}",
    list: [{ deep: "{% if steps.new_one %}yes{% endif %}" }],
  });
});

test("a step called like what stands around it is renamed in its own place", () => {
  assert.equal(renameReferences("{{ steps.s.s }}{{ steps.steps }}", new Map([["s", "t"], ["steps", "u"]])), "{{ steps.t.s }}{{ steps.u }}");
});

test("what a rename does not touch stays the same object", () => {
  const value = { a: ["{{ steps.x }}"] };
  assert.equal(renameReferences(value, new Map([["y", "z"]])), value);
});

test("the fields that use a step are named", () => {
  assert.deepEqual(placesOf({ with: { text: "{{ steps.a.x }}", list: ["{{ steps.a }}"] } }, "a"), ["with.text", "with.list.0"]);
});
