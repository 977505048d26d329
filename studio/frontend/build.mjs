// Builds the bundles that the studio serves: `scripts/frontend`. The same sources give the same bytes.
// What the two canvases share (React, React Flow) is a chunk of its own, so that a browser loads it once.
// The manifest lets the tests see, without Node, that the committed bundles were built from these sources.
import { createHash } from "node:crypto";
import { readFile, readdir, rm, writeFile } from "node:fs/promises";
import { basename, dirname, join, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import * as esbuild from "esbuild";

const here = dirname(fileURLToPath(import.meta.url));
const assets = process.argv[2] ?? join(here, "..", "assets");
const together = [
  { canvas: "src/canvas/index.jsx", builder: "src/builder/index.tsx" },
  { editor: "src/editor/index.js" },
  { expression: "src/expression/index.ts" },
];

const sha256 = (content) => createHash("sha256").update(content).digest("hex");

// A component lives in a shadow root, so it brings its style sheet along as text.
const styleAsText = {
  name: "style-as-text",
  setup(build) {
    build.onLoad({ filter: /\.css$/ }, async ({ path }) => {
      const source = await readFile(path, "utf8");
      const { code } = await esbuild.transform(source, { loader: "css", minify: true });
      return { contents: code, loader: "text" };
    });
  },
};

async function sourceFiles() {
  const found = await readdir(join(here, "src"), { recursive: true, withFileTypes: true });
  const sources = found
    .filter((entry) => entry.isFile())
    .map((entry) => relative(here, join(entry.parentPath, entry.name)).split(sep).join("/"));
  return ["build.mjs", "package.json", "package-lock.json", ...sources].sort();
}

// One line a file, "<sha256>  <path>", sorted by path; the hash is that of these lines.
async function sourceHash() {
  const lines = [];
  for (const path of await sourceFiles()) {
    lines.push(`${sha256(await readFile(join(here, path)))}  ${path}\n`);
  }
  return sha256(lines.join(""));
}

async function build(entryPoints) {
  const { outputFiles } = await esbuild.build({
    absWorkingDir: here,
    entryPoints,
    outdir: assets,
    write: false,
    bundle: true,
    splitting: true,
    chunkNames: "shared-[hash]",
    minify: true,
    format: "esm",
    target: "es2022",
    jsx: "automatic",
    charset: "utf8",
    legalComments: "eof",
    define: { "process.env.NODE_ENV": '"production"' },
    plugins: [styleAsText],
  });
  return outputFiles.map(({ path, contents }) => [basename(path), contents]);
}

const built = (await Promise.all(together.map(build))).flat().sort(([one], [other]) => (one < other ? -1 : 1));
const names = new Set(built.map(([name]) => name));
for (const name of await readdir(assets)) if (name.endsWith(".js") && !names.has(name)) await rm(join(assets, name));

const bundles = {};
for (const [name, content] of built) {
  await writeFile(join(assets, name), content);
  bundles[name] = sha256(content);
  console.log(`${name}  ${Math.round(content.length / 1024)} KB, ${Math.round(gzipSync(content).length / 1024)} KB packed`);
}
const manifest = { source: await sourceHash(), bundles };
await writeFile(join(assets, "manifest.json"), `${JSON.stringify(manifest, null, 2)}\n`);
