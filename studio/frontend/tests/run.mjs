// Runs the tests of the draft logic: `npm test`. With `needs FILE...` it prints what each step of these workflows
// waits for, as this code sees it, for the test that compares it with the engine.
import { spawnSync } from "node:child_process";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import * as esbuild from "esbuild";

const here = dirname(fileURLToPath(import.meta.url));
const [command, ...files] = process.argv.slice(2);
const names = command === "needs" ? ["needs.ts"] : (await readdir(here)).filter((name) => name.endsWith(".test.ts"));
const outdir = await mkdtemp(join(tmpdir(), "patchbay-frontend-"));
await esbuild.build({
  absWorkingDir: here,
  entryPoints: names,
  outdir,
  bundle: true,
  format: "esm",
  platform: "node",
  outExtension: { ".js": ".mjs" },
});
const built = names.map((name) => join(outdir, name.replace(/\.ts$/, ".mjs")));
const { status } = spawnSync(process.execPath, command === "needs" ? [...built, ...files] : ["--test", ...built], {
  stdio: "inherit",
});
await rm(outdir, { recursive: true });
process.exitCode = status ?? 1;
