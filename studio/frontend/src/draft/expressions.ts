/**
 * References to steps in expressions: `steps.mail` and `steps["mail"]`, inside `{{ }}` and `{% %}`.
 *
 * Jinja's own rules for where an expression ends: braces are counted and strings are passed over, so that
 * `{{ {"a": "}}"} }}` is one expression. Source: the lexer of Jinja (`jinja2/lexer.py`).
 */
interface Span {
  readonly start: number;
  readonly end: number;
}

const OPENERS: Readonly<Record<string, string>> = { "{{": "}}", "{%": "%}", "{#": "#}" };

/** Where a reference to a step stands in a text, and the name in it. */
interface Reference extends Span {
  readonly name: string;
}

const REFERENCE = /(?<![\w.\]])steps\s*(?:\.\s*([A-Za-z_]\w*)|\[\s*(["'])((?:(?!\2)[^\\]|\\.)*)\2\s*\])/y;

function references(text: string): Reference[] {
  if (!text.includes("steps")) return [];
  const found: Reference[] = [];
  for (const span of expressionsIn(text)) {
    let at = span.start;
    while (at < span.end) {
      const char = text[at]!;
      if (char === '"' || char === "'") {
        at = endOfString(text, at);
        continue;
      }
      REFERENCE.lastIndex = at;
      const match = char === "s" ? REFERENCE.exec(text) : null;
      if (!match) {
        at += 1;
        continue;
      }
      const name = match[1] ?? match[3] ?? "";
      const start = at + match[0].lastIndexOf(name);
      found.push({ name, start, end: start + name.length });
      at += match[0].length;
    }
  }
  return found;
}

/** Where the insides of a text's expressions stand. */
export function* expressionsIn(text: string): Generator<Span> {
  let at = 0;
  while ((at = nextOpener(text, at)) >= 0) {
    const opener = text.slice(at, at + 2);
    const closer = OPENERS[opener]!;
    if (opener === "{#") {
      const end = text.indexOf(closer, at);
      at = end < 0 ? text.length : end + 2;
      continue;
    }
    const end = endOfExpression(text, at + 2, closer);
    yield { start: at + 2, end };
    at = end + 2;
  }
}

function nextOpener(text: string, from: number): number {
  for (let at = text.indexOf("{", from); at >= 0; at = text.indexOf("{", at + 1)) {
    if (text.slice(at, at + 2) in OPENERS) return at;
  }
  return -1;
}

function endOfExpression(text: string, from: number, closer: string): number {
  let depth = 0;
  let at = from;
  while (at < text.length) {
    const char = text[at]!;
    if (char === '"' || char === "'") {
      at = endOfString(text, at);
      continue;
    }
    if (depth === 0 && text.startsWith(closer, at)) return at;
    if ("{[(".includes(char)) depth += 1;
    if ("}])".includes(char)) depth = Math.max(0, depth - 1);
    at += 1;
  }
  return text.length;
}

/** The place after the string that begins at `at`. */
function endOfString(text: string, at: number): number {
  const quote = text[at];
  for (let end = at + 1; end < text.length; end += 1) {
    if (text[end] === "\\") end += 1;
    else if (text[end] === quote) return end + 1;
  }
  return text.length;
}

/** The ids of all steps that the expressions in a JSON value refer to, each once. */
export function referencedSteps(value: unknown, found: Set<string> = new Set()): Set<string> {
  if (typeof value === "string") for (const { name } of references(value)) found.add(name);
  else if (Array.isArray(value)) for (const part of value) referencedSteps(part, found);
  else if (value && typeof value === "object") for (const part of Object.values(value)) referencedSteps(part, found);
  return found;
}

/** The paths of the strings in a JSON value that refer to a step: "with.text". */
export function placesOf(value: unknown, step: string, path = ""): string[] {
  if (typeof value === "string") return references(value).some(({ name }) => name === step) ? [path] : [];
  if (!value || typeof value !== "object") return [];
  return Object.entries(value).flatMap(([key, part]) => placesOf(part, step, path ? `${path}.${key}` : key));
}

/** The value with references renamed. What does not change is the same object. */
export const renameReferences = <T>(value: T, names: ReadonlyMap<string, string>): T =>
  mapTexts(value, (text) => renameInText(text, names));

/** The value with a state renamed where an expression compares a machine's end with it: `steps.paper.state == "done"`. */
export function renameCompared<T>(value: T, machine: string, from: string, to: string): T {
  const end = String.raw`\bsteps\s*(?:\.\s*${machine}|\[\s*["']${machine}["']\s*\])\s*\.\s*state\b`;
  const behind = new RegExp(String.raw`(${end}\s*[=!]=\s*(["']))${from}(?=\2)`, "g");
  const before = new RegExp(String.raw`(["'])${from}(\1\s*[=!]=\s*${end})`, "g");
  const inExpression = (text: string) =>
    text.replace(behind, (_, head: string) => head + to).replace(before, (_, quote: string, tail: string) => quote + to + tail);
  return mapTexts(value, (text) => {
    let result = "";
    let done = 0;
    for (const { start, end } of expressionsIn(text)) {
      result += text.slice(done, start) + inExpression(text.slice(start, end));
      done = end;
    }
    return result + text.slice(done);
  });
}

/** A JSON value with every text in it changed. What does not change is the same object. */
export function mapTexts<T>(value: T, change: (text: string) => string): T {
  if (typeof value === "string") return change(value) as T;
  if (Array.isArray(value)) {
    const parts = value.map((part) => mapTexts(part, change));
    return parts.some((part, index) => part !== value[index]) ? (parts as T) : value;
  }
  if (value && typeof value === "object") {
    const entries = Object.entries(value).map(([key, part]) => [key, mapTexts(part, change)] as const);
    const changed = entries.some(([key, part]) => part !== (value as Record<string, unknown>)[key]);
    return changed ? (Object.fromEntries(entries) as T) : value;
  }
  return value;
}

function renameInText(text: string, names: ReadonlyMap<string, string>): string {
  let result = "";
  let from = 0;
  for (const { name, start, end } of references(text)) {
    result += text.slice(from, start) + (names.get(name) ?? name);
    from = end;
  }
  return from ? result + text.slice(from) : text;
}
