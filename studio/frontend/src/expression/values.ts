/** What expressions can use: a tree of names, shared by all fields of a form. */

/** As Python sends it. `at` is what stands behind the path of the name above; `left` counts names that are left out. */
export interface Given {
  readonly at: string;
  readonly name: string;
  readonly kind: string;
  readonly value?: string;
  readonly left?: number;
  readonly parts?: readonly Given[];
}

/** A name with its whole path: "steps.mail.messages[0].subject". `level` counts from 1. */
export interface Name {
  readonly path: string;
  readonly at: string;
  readonly name: string;
  readonly kind: string;
  readonly value: string;
  readonly left: number;
  readonly level: number;
  readonly above: Name | null;
  readonly parts: readonly Name[];
}

export function namesOf(given: readonly Given[], above: Name | null = null): Name[] {
  return given.map((one) => {
    const parts: Name[] = [];
    const name: Name = {
      path: (above?.path ?? "") + one.at,
      at: one.at,
      name: one.name,
      kind: one.kind,
      value: one.value ?? "",
      left: one.left ?? 0,
      level: (above?.level ?? 0) + 1,
      above,
      parts,
    };
    parts.push(...namesOf(one.parts ?? [], name));
    return name;
  });
}

export function* every(names: readonly Name[]): Generator<Name> {
  for (const name of names) {
    yield name;
    yield* every(name.parts);
  }
}

export function find(names: readonly Name[], path: string): Name | undefined {
  const wanted = path.replaceAll('"', "'");
  for (const name of every(names)) if (name.path === wanted) return name;
  return undefined;
}

/** The names that hold all the words, each in itself, in its value or in what stands above it. */
export function matching(names: readonly Name[], wanted: string): Set<Name> {
  const words = wanted.toLowerCase().split(/\s+/).filter(Boolean);
  const found = new Set<Name>();
  for (const name of every(names)) {
    const own = `${name.path} ${name.name} ${name.value}`.toLowerCase();
    const trail = trailOf(name).join(" ").toLowerCase();
    if (words.some((word) => own.includes(word)) && words.every((word) => own.includes(word) || trail.includes(word))) found.add(name);
  }
  return found;
}

/** Of the names that fit, the one that is called so; else one that has it in its name; else a value that has it somewhere. */
export function nearestOf(names: readonly Name[], fits: ReadonlySet<Name>, wanted: string): Name | undefined {
  const last = wanted.toLowerCase().split(/\s+/).at(-1)!;
  const fitting = names.filter((name) => fits.has(name));
  return (
    fitting.find(({ name }) => name.toLowerCase() === last) ??
    fitting.find(({ name }) => name.toLowerCase().includes(last)) ??
    fitting.find(({ parts }) => !parts.length) ??
    fitting[0]
  );
}

/** What people read from the outermost to this one: ["Search mail", "messages", "[0]"]. */
export function trailOf(name: Name): string[] {
  return name.above ? [...trailOf(name.above), name.name] : [name.name];
}
