import filters from "./filters.json";
import { every, find, type Name } from "./values.ts";
import { placeAt } from "./place.ts";

/** A way to go on writing: `put` takes the place of what stands between `from` and the cursor. */
export interface Option {
  readonly from: number;
  readonly put: string;
  readonly label: string;
  readonly told: string;
  readonly kind: string;
}

const MOST = 40;
const FILTER = /[^|]\|\s*(\w*)$/;
const MEMBER = /(?<![\w.\])'"])([A-Za-z_]\w*(?:\.[A-Za-z_]\w*|\[\d+\]|\['[^']*'\]|\["[^"]*"\])*)\.(\w*)$/;
const WORD = /(?<![\w.])([A-Za-z_]\w*)?$/;

/** Part of an item that is not the first: what it has, the first one has. */
const LATER_ITEM = /\[[1-9]\d*\]/;

/** A value stands there already: what follows is an operator. */
const VALUE_BEFORE = /(?:[\w\])}]|['"])\s+$/;
const OPERATOR_BEFORE = /\b(?:and|or|not|in|is|if|else|elif|for|set|with)\s+$/;

/** What can be written at a cursor; none outside of expressions. */
export function completions(text: string, cursor: number, names: readonly Name[]): Option[] {
  const place = placeAt(text, cursor);
  if (!place) return [];
  const filter = FILTER.exec(place.before);
  if (filter) return filtersFor(null, filter[1]!, cursor - filter[1]!.length, "");
  const member = MEMBER.exec(place.before);
  if (member) return members(member[1]!, member[2]!, cursor, names);
  const word = WORD.exec(place.before);
  if (!word) return [];
  const started = word[1] ?? "";
  const ahead = place.before.slice(0, place.before.length - started.length);
  if (/[.\d]$/.test(ahead) || (VALUE_BEFORE.test(ahead) && !OPERATOR_BEFORE.test(ahead))) return [];
  return words(started, cursor - started.length, names);
}

function members(path: string, started: string, cursor: number, names: readonly Name[]): Option[] {
  const from = cursor - started.length;
  const steps = names.filter((name) => name.path.startsWith("steps."));
  if (path === "steps") return ranked(steps, started, (name) => option(name, from, name.path.slice("steps.".length)));
  const above = find(names, path);
  if (!above) return [];
  const parts = ranked(above.parts, started, (part) =>
    part.at.startsWith(".") ? option(part, from, part.at.slice(1)) : option(part, from - 1, part.at),
  );
  return [...parts, ...filtersFor(above.kind, started, from - 1, " | ")];
}

function words(started: string, from: number, names: readonly Name[]): Option[] {
  const known = started ? [...every(names)].filter(({ path }) => !LATER_ITEM.test(path)) : names;
  const found = ranked(known, started, (name) => option(name, from, name.path));
  if (started && "range".startsWith(started)) found.push({ from, put: "range(3)", label: "range(3)", told: "0, 1, 2", kind: "list" });
  return found;
}

function option(name: Name, from: number, put: string): Option {
  const told = name.value || (name.parts.length ? "" : name.kind);
  return { from, put, label: put, told: name.level === 1 ? name.name : told, kind: name.kind };
}

/** Those that fit what was begun, the nearest first. */
function ranked(names: readonly Name[], started: string, make: (name: Name) => Option): Option[] {
  const wanted = started.toLowerCase();
  const found: { readonly rank: number; readonly name: Name }[] = [];
  for (const name of names) {
    const key = name.at.split(".").pop()!.toLowerCase();
    const read = name.name.toLowerCase();
    const rank = key.startsWith(wanted) || name.path.startsWith(wanted) ? 0 : read.startsWith(wanted) ? 1 : key.includes(wanted) || read.includes(wanted) ? 2 : 9;
    if (rank < 9) found.push({ rank, name });
  }
  found.sort((one, other) => one.rank - other.rank || one.name.level - other.name.level);
  return found.slice(0, MOST).map(({ name }) => make(name));
}

function filtersFor(kind: string | null, started: string, from: number, before: string): Option[] {
  return filters
    .filter((filter) => filter.put.startsWith(started) && (kind === null || filter.for.includes(kind)))
    .map((filter) => ({ from, put: before + filter.put, label: `| ${filter.put}`, told: filter.help, kind: "filter" }));
}
