/**
 * Two changes of one draft put together: what only one side changed is taken from it; where both changed the same
 * value, `ours` stands. Steps are told apart by their ids. Three-way merge, as version control does it for text.
 */
export function merge(base: unknown, ours: unknown, theirs: unknown): unknown {
  if (same(ours, theirs) || same(base, theirs)) return ours;
  if (same(base, ours)) return theirs;
  if (isObject(ours) && isObject(theirs)) return mergeObjects(isObject(base) ? base : {}, ours, theirs);
  if (isKeyed(ours) && isKeyed(theirs)) return mergeKeyed(isKeyed(base) ? base : [], ours, theirs);
  return ours;
}

/** Whether `ours` stands in the merge over something that the other side changed. */
export function overrides(base: unknown, ours: unknown, theirs: unknown): boolean {
  if (same(ours, theirs) || same(base, theirs) || same(base, ours)) return false;
  if (isObject(ours) && isObject(theirs)) {
    const before = isObject(base) ? base : {};
    return Object.keys({ ...ours, ...theirs }).some((key) => overrides(before[key], ours[key], theirs[key]));
  }
  if (isKeyed(ours) && isKeyed(theirs)) {
    const [before, other] = [byId(isKeyed(base) ? base : []), byId(theirs)];
    return ours.some((part) => overrides(before[part.id], part, other[part.id]));
  }
  return true;
}

type Fields = Readonly<Record<string, unknown>>;
type Keyed = readonly { readonly id: string }[];

const isObject = (value: unknown): value is Fields => !!value && typeof value === "object" && !Array.isArray(value);

const isKeyed = (value: unknown): value is Keyed =>
  Array.isArray(value) && value.every((part) => isObject(part) && typeof part.id === "string");

function mergeObjects(base: Fields, ours: Fields, theirs: Fields): Fields {
  const keys = [...new Set([...Object.keys(ours), ...Object.keys(theirs)])];
  const entries = keys.flatMap((key): [string, unknown][] => {
    const value = merge(base[key], ours[key], theirs[key]);
    return value === undefined ? [] : [[key, value]];
  });
  return Object.fromEntries(entries);
}

function mergeKeyed(base: Keyed, ours: Keyed, theirs: Keyed): Keyed {
  const [before, mine, other] = [byId(base), byId(ours), byId(theirs)];
  const merged = ours.flatMap((part): Keyed => {
    const value = merge(before[part.id], part, other[part.id]);
    return value === undefined ? [] : [value as Keyed[number]];
  });
  for (const [index, part] of theirs.entries()) {
    if (mine[part.id] || same(before[part.id], part)) continue;
    const previous = theirs[index - 1]?.id;
    const at = previous === undefined ? 0 : merged.findIndex(({ id }) => id === previous) + 1;
    merged.splice(at || (previous === undefined ? 0 : merged.length), 0, part);
  }
  return merged;
}

const byId = (parts: Keyed): Record<string, Keyed[number]> => Object.fromEntries(parts.map((part) => [part.id, part]));

export function same(one: unknown, other: unknown): boolean {
  if (one === other) return true;
  if (!one || !other || typeof one !== "object" || typeof other !== "object") return false;
  if (Array.isArray(one) !== Array.isArray(other)) return false;
  const [keys, others] = [Object.keys(one), Object.keys(other)];
  return keys.length === others.length && keys.every((key) => key in other && same((one as Fields)[key], (other as Fields)[key]));
}
