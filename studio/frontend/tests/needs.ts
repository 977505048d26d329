import { readFileSync } from "node:fs";
import { needsOf } from "../src/draft/lines.ts";
import { bodiesOf } from "../src/draft/steps.ts";
import type { Step } from "../src/draft/types.ts";

function all(steps: readonly Step[]): Record<string, string[]> {
  const inner = steps.flatMap((step) => Object.values(bodiesOf(step)).map(all));
  return Object.assign(Object.fromEntries([...needsOf(steps)].map(([id, needs]) => [id, needs.sort()])), ...inner);
}

console.log(JSON.stringify(process.argv.slice(2).map((file) => all(JSON.parse(readFileSync(file, "utf8")).steps))));
