// Builds the bundles that the studio serves: `npm ci && npm run build`. The same sources give the same bytes.
// The manifest lets the tests see, without Node, that the committed bundles were built from these sources.
import { createHash } from "node:crypto";
import { readFile, readdir, writeFile } from "node:fs/promises";
import { dirname, join, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";
import * as esbuild from "esbuild";

const here = dirname(fileURLToPath(import.meta.url));
const assets = join(here, "..", "assets");
const entries = { canvas: "src/canvas/index.jsx", editor: "src/editor/index.js" };

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

await esbuild.build({
  absWorkingDir: here,
  entryPoints: entries,
  outdir: assets,
  bundle: true,
  minify: true,
  format: "esm",
  target: "es2022",
  jsx: "automatic",
  charset: "utf8",
  legalComments: "eof",
  define: { "process.env.NODE_ENV": '"production"' },
  plugins: [styleAsText],
});

const bundles = {};
for (const name of Object.keys(entries)) {
  const content = await readFile(join(assets, `${name}.js`));
  bundles[`${name}.js`] = sha256(content);
  console.log(`${name}.js  ${Math.round(content.length / 1024)} KB`);
}
const manifest = { source: await sourceHash(), bundles };
await writeFile(join(assets, "manifest.json"), `${JSON.stringify(manifest, null, 2)}\n`);
