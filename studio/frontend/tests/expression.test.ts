import { strict as assert } from "node:assert";
import { test } from "node:test";
import { completions } from "../src/expression/complete.ts";
import { insertion, typed } from "../src/expression/edits.ts";
import { pieces, placeAt } from "../src/expression/place.ts";
import { every, find, matching, namesOf, nearestOf, trailOf } from "../src/expression/values.ts";
import { begun, heard, isWaiting, telling, type Meeting } from "../src/meeting.ts";

const NAMES = namesOf([
  { at: "item", name: "This item", kind: "object", parts: [{ at: ".subject", name: "subject", kind: "text", value: "Hello" }] },
  { at: "inputs", name: "Inputs", kind: "object", parts: [{ at: ".many", name: "How many", kind: "number", value: "3" }] },
  {
    at: "steps.mail",
    name: "Search mail",
    kind: "object",
    parts: [
      {
        at: ".messages",
        name: "messages",
        kind: "list",
        value: "2 in a list",
        parts: [{ at: "[0]", name: "[0]", kind: "object", parts: [{ at: ".subject", name: "subject", kind: "text", value: "Hello" }] }],
      },
      { at: ".count", name: "count", kind: "number", value: "2" },
      { at: "['odd key']", name: "odd key", kind: "text", value: "x" },
    ],
  },
]);

/** A text with its cursor: "{{ a| }}". */
function at(marked: string): [text: string, cursor: number] {
  const cursor = marked.indexOf("¦");
  return [marked.replace("¦", ""), cursor];
}

function offered(marked: string): string[] {
  return completions(...at(marked), NAMES).map(({ put }) => put);
}

/** The text after the option is taken, with its cursor. */
function completed(marked: string, put: string): string {
  const [text, cursor] = at(marked);
  const option = completions(text, cursor, NAMES).find((one) => one.put === put)!;
  return `${text.slice(0, option.from)}${put}¦${text.slice(cursor)}`;
}

function after(marked: string, char: string): string | null {
  const [text, cursor] = at(marked);
  const edit = typed(text, cursor, char);
  if (!edit) return null;
  const result = text.slice(0, edit.from) + edit.put + text.slice(edit.to);
  return `${result.slice(0, edit.cursor)}¦${result.slice(edit.cursor)}`;
}

function inserted(marked: string): string {
  const [text, cursor] = at(marked);
  const edit = insertion(text, cursor, cursor, "steps.mail.count");
  const result = text.slice(0, edit.from) + edit.put + text.slice(edit.to);
  return `${result.slice(0, edit.cursor)}¦${result.slice(edit.cursor)}`;
}

test("names have their whole paths, and what stands above them", () => {
  const subject = find(NAMES, "steps.mail.messages[0].subject")!;
  assert.deepEqual(trailOf(subject), ["Search mail", "messages", "[0]", "subject"]);
  assert.equal(subject.level, 4);
  assert.equal(find(NAMES, 'steps.mail["odd key"]')!.value, "x");
});

test("what is called as one searches stands before what is inside it", () => {
  const nearest = (wanted: string) => nearestOf([...every(NAMES)], matching(NAMES, wanted), wanted)?.path;
  assert.equal(nearest("messages"), "steps.mail.messages");
  assert.equal(nearest("mail mess"), "steps.mail.messages");
  assert.equal(nearest("mail subject"), "steps.mail.messages[0].subject");
  assert.equal(nearest("hello"), "item.subject");
  assert.equal(nearest("steps.mail"), "steps.mail.messages[0].subject");
  assert.equal(nearest("nowhere"), undefined);
});

test("a search looks at names, values and what stands above", () => {
  const paths = (wanted: string) => [...matching(NAMES, wanted)].map(({ path }) => path);
  assert.deepEqual(paths("mail subject"), ["steps.mail.messages[0].subject"]);
  assert.deepEqual(paths("how many"), ["inputs.many"]);
  assert.deepEqual(paths("nothing"), []);
});

test("a place in an expression is told from one beside it", () => {
  assert.equal(placeAt(...at("a {{ b¦ }} c"))?.before, " b");
  assert.equal(placeAt(...at("a¦ {{ b }}")), null);
  assert.equal(placeAt(...at("{{ b }}¦")), null);
  assert.equal(placeAt(...at("{{ 'b¦' }}")), null);
  assert.equal(placeAt(...at("{{ b¦"))?.before, " b");
});

test("expressions are pieces of a text", () => {
  assert.deepEqual(pieces("a {{ '}}' }} b {{ c").map(({ text, isExpression }) => [text, isExpression]), [
    ["a ", false],
    ["{{ '}}' }}", true],
    [" b ", false],
    ["{{ c", true],
  ]);
});

test("what was begun is completed: a step by its name, a field by its path", () => {
  assert.deepEqual(offered("{{ ¦ }}"), ["item", "inputs", "steps.mail"]);
  assert.deepEqual(offered("{{ subj¦ }}"), ["item.subject", "steps.mail.messages[0].subject"]);
  assert.deepEqual(offered("{{ sea¦ }}"), ["steps.mail"]);
  assert.deepEqual(offered("{{ steps.¦ }}"), ["mail"]);
  assert.deepEqual(offered("{{ steps.mail.co¦ }}"), ["count"]);
  assert.equal(completed("{{ steps.mail.¦ }}", "['odd key']"), "{{ steps.mail['odd key']¦ }}");
  assert.equal(completed("{{ steps.mail.messages.¦ }}", "[0]"), "{{ steps.mail.messages[0]¦ }}");
  assert.equal(completed("{{ a and subj¦ }}", "item.subject"), "{{ a and item.subject¦ }}");
});

test("filters are offered behind a bar, and those that fit behind a value", () => {
  assert.deepEqual(offered("{{ x | upp¦ }}"), ["upper"]);
  assert.ok(offered("{{ steps.mail.messages.¦ }}").includes(" | join(', ')"));
  assert.ok(!offered("{{ item.subject.¦ }}").includes(" | join(', ')"));
  assert.equal(completed("{{ item.subject.up¦ }}", " | upper"), "{{ item.subject | upper¦ }}");
});

test("nothing is offered outside of expressions, in strings, behind a value and for numbers", () => {
  for (const marked of ["subj¦", "{{ 'subj¦' }}", "{{ item ¦ }}", "{{ item sub¦ }}", "{{ 1.¦ }}", "{{ unknown.¦ }}"]) {
    assert.deepEqual(offered(marked), [], marked);
  }
});

test("a value is inserted with braces, and as a name inside of them", () => {
  assert.equal(inserted("¦"), "{{ steps.mail.count }}¦");
  assert.equal(inserted("a ¦ b"), "a {{ steps.mail.count }}¦ b");
  assert.equal(inserted("{{ ¦ }}"), "{{ steps.mail.count¦ }}");
  assert.equal(inserted("{{ subj¦ }}"), "{{ steps.mail.count¦ }}");
  assert.equal(inserted("{{ 1 + ¦ }}"), "{{ 1 + steps.mail.count¦ }}");
  assert.equal(inserted("{{ a }}¦{{ b }}"), "{{ a }}{{ steps.mail.count }}¦{{ b }}");
});

test("braces come in pairs, and those that are there are typed over", () => {
  assert.equal(after("a {¦", "{"), "a {{ ¦ }}");
  assert.equal(after("{¦ b", "{"), "{{ ¦ }} b");
  assert.equal(after("{¦b", "{"), null);
  assert.equal(after("{{ {¦ }}", "{"), null);
  assert.equal(after("{{ ¦ }}", " "), "{{ ¦ }}");
  assert.equal(after("{{ a¦ }}", "}"), "{{ a }¦}");
  assert.equal(after("{{ a }¦}", "}"), "{{ a }}¦");
  assert.equal(after("{{ {'a': 1¦ }}", "}"), null);
  assert.equal(after("a¦", "}"), null);
});

const SAID = { value: "a", revision: "s:0", seen: 0 };

function typing(meeting: Meeting, text: string): Meeting {
  return telling({ ...meeting, text })![0];
}

test("an echo never touches what is typed", () => {
  const told = typing(begun(SAID), "ab");
  const more = { ...told, text: "abc" };
  assert.equal(heard(more, { ...SAID, seen: 1 }).text, "abc");
  assert.equal(heard(more, { value: "AB", revision: "s:0", seen: 1 }).text, "abc");
});

test("a change by the page is taken up, unless something typed is on its way", () => {
  const changed = { value: "page", revision: "s:1", seen: 1 };
  const answered = heard(typing(begun(SAID), "ab"), { ...SAID, seen: 1 });
  assert.equal(isWaiting(answered), false);
  assert.equal(heard(answered, changed).text, "page");

  const kept = heard(typing(begun(SAID), "ab"), { ...changed, seen: 0 });
  assert.equal(kept.text, "ab");
  assert.deepEqual(telling(kept)?.[1], { text: "ab", number: 1, base: "s:1", crossed: false });
});

test("another session of the server counts anew", () => {
  const known = heard(typing(begun(SAID), "ab"), { ...SAID, seen: 1 });
  assert.equal(heard(known, { value: "other", revision: "t:0", seen: 0 }).text, "other");
  const lost = heard(typing(known, "abc"), { value: "ab", revision: "t:0", seen: 0 });
  assert.deepEqual(telling(lost)?.[1], { text: "abc", number: 1, base: "t:0", crossed: false });
});

test("what was typed while the server began anew has crossed what somebody else made of the text", () => {
  const known = heard(typing(begun(SAID), "ab"), { ...SAID, seen: 1 });
  const crossing = heard(typing(known, "abc"), { value: "theirs", revision: "t:0", seen: 0 });
  const [told, edit] = telling(crossing)!;
  assert.deepEqual(edit, { text: "abc", number: 1, base: "t:0", crossed: true });
  const answered = heard(told, { value: "abc", revision: "t:0", seen: 1 });
  assert.equal(telling({ ...answered, text: "abcd" })![1].crossed, false, "it is told once");

  const arrived = heard(typing(typing(known, "abc"), "abcd"), { value: "abc", revision: "t:0", seen: 0 });
  assert.equal(telling(arrived)![1].crossed, false, "the server had it before it ended");
});

test("what is told once is not told again", () => {
  assert.equal(telling(typing(begun(SAID), "ab")), null);
});
