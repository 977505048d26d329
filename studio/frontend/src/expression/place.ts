import { expressionsIn } from "../draft/expressions.ts";

/** Where a cursor stands in an expression: `start` and `end` bound what is between the braces, `before` is what stands
 * between the opening braces and the cursor. */
export interface Place {
  readonly start: number;
  readonly end: number;
  readonly before: string;
}

/** The expression that a cursor stands in; null outside of any, and inside a string of one. */
export function placeAt(text: string, cursor: number): Place | null {
  for (const { start, end } of expressionsIn(text)) {
    if (cursor < start) return null;
    if (cursor > end) continue;
    const before = text.slice(start, cursor);
    return isInString(before) ? null : { start, end, before };
  }
  return null;
}

/** The text in pieces, to be coloured. */
export function pieces(text: string): { readonly text: string; readonly isExpression: boolean }[] {
  const found: { text: string; isExpression: boolean }[] = [];
  let from = 0;
  for (const { start, end } of expressionsIn(text)) {
    if (start - 2 > from) found.push({ text: text.slice(from, start - 2), isExpression: false });
    from = Math.min(end + 2, text.length);
    found.push({ text: text.slice(start - 2, from), isExpression: true });
  }
  if (from < text.length) found.push({ text: text.slice(from), isExpression: false });
  return found;
}

/** How many brackets that were opened are not closed. */
export function openBrackets(before: string): number {
  let depth = 0;
  for (const char of before.replace(/"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'/g, "")) {
    if ("{[(".includes(char)) depth += 1;
    if ("}])".includes(char)) depth = Math.max(0, depth - 1);
  }
  return depth;
}

function isInString(before: string): boolean {
  let quote = "";
  for (let at = 0; at < before.length; at += 1) {
    const char = before[at]!;
    if (quote && char === "\\") at += 1;
    else if (char === quote) quote = "";
    else if (!quote && (char === '"' || char === "'")) quote = char;
  }
  return quote !== "";
}
