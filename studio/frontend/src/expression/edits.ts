import { openBrackets, placeAt } from "./place.ts";

/** A change of a text: what stands from `from` to `to` becomes `put`, and the cursor stands at `cursor` then. */
export interface Edit {
  readonly from: number;
  readonly to: number;
  readonly put: string;
  readonly cursor: number;
}

const NAME_BEFORE = /[A-Za-z_](?:[\w.]|\[\d+\])*$/;

/** Put a value where the cursor is: as a name inside an expression, with braces elsewhere. A name that the cursor stands
 * behind gives way. */
export function insertion(text: string, from: number, to: number, path: string): Edit {
  const place = placeAt(text, from);
  if (!place || to > place.end) {
    const put = `{{ ${path} }}`;
    return { from, to, put, cursor: from + put.length };
  }
  const begin = from === to ? from - (NAME_BEFORE.exec(place.before)?.[0].length ?? 0) : from;
  return { from: begin, to, put: path, cursor: begin + path.length };
}

/** What typing a character means where that is more than the character itself: braces come in pairs, and one that is
 * there already is typed over. */
export function typed(text: string, cursor: number, char: string): Edit | null {
  const rest = text.slice(cursor);
  if (char === "{" && text[cursor - 1] === "{" && text[cursor - 2] !== "{" && !/^\S/.test(rest) && !isInside(text, cursor - 1)) {
    return { from: cursor, to: cursor, put: "{  }}", cursor: cursor + 2 };
  }
  const place = placeAt(text, cursor);
  if (char === " " && /\{\{ $/.test(text.slice(0, cursor)) && rest.startsWith(" }}")) {
    return { from: cursor, to: cursor, put: "", cursor };
  }
  if (char === "}" && text[cursor - 1] === "}" && rest.startsWith("}") && placeAt(text, cursor - 1)?.end === cursor - 1) {
    return { from: cursor, to: cursor, put: "", cursor: cursor + 1 };
  }
  const space = rest.startsWith(" }}") ? 1 : 0;
  if (char === "}" && place && place.end <= cursor + space && rest.startsWith("}}", space) && openBrackets(place.before) === 0) {
    return { from: cursor, to: cursor, put: "", cursor: cursor + space + 1 };
  }
  return null;
}

function isInside(text: string, cursor: number): boolean {
  const place = placeAt(text.slice(0, cursor), cursor);
  return place !== null;
}
