// Builds the GraphiQL that the server serves, from the packages in package-lock.json: `make graphiql`.
//
// All of the editor would be 7 MB. Left out is what an operation, its variables and an answer do not need.
import { createHash } from "node:crypto";
import { readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { build } from "esbuild";

const OUT = process.argv[2];
const MONACO = "monaco-editor/esm/vs";

const UNUSED = [
  "browser/widget/diffEditor/",
  ...[
    "anchorSelect", "codeAction", "codelens", "colorPicker", "diffEditorBreadcrumbs", "documentSymbols", "dropOrPasteInto",
    "gotoSymbol", "inPlaceReplace", "inlayHints", "inlineCompletions", "inlineEdit", "inlineEdits", "inlineProgress",
    "linkedEditing", "parameterHints", "rename", "sectionHeaders", "semanticTokens", "stickyScroll", "unicodeHighlighter",
  ].map((name) => `contrib/${name}/`),
  "contrib/suggest/browser/suggestInlineCompletions",
  "standalone/browser/inspectTokens/",
  "standalone/browser/quickAccess/standaloneGotoSymbol",
  "standalone/browser/referenceSearch/",
];

/** The text of a file after an edit, which must find what it is to change: a newer version may have moved it. */
async function edited(file, ...edits) {
  let text = await readFile(file, "utf8");
  for (const edit of edits) {
    const before = text;
    text = edit(before);
    if (text === before) throw new Error(`${file} is not as build.mjs expects it.`);
  }
  return text;
}

const smaller = {
  name: "smaller",
  setup(build) {
    build.onLoad({ filter: /monaco-editor\/esm\/vs\/editor\/(editor\.all|edcore\.main)\.js$/ }, async ({ path }) => ({
      contents: await edited(path, (text) =>
        text.split("\n").filter((line) => !UNUSED.some((part) => line.includes(`'./${part}`))).join("\n"),
      ),
    }));
    // Variables are formatted by the parser of JSON that is there anyway, not by one of JavaScript.
    build.onLoad({ filter: /@graphiql\/react\/dist\/utility\/jsonc\.js$/ }, async ({ path }) => ({
      contents: await edited(
        path,
        (text) => text.replace("import { parse,", "import { applyEdits, format, parse,"),
        (text) =>
          text.replace(
            /async function formatJSONC\(content\) \{[\s\S]*?\n\}/,
            "async function formatJSONC(content) {\n" +
              "return applyEdits(content, format(content, undefined, { insertSpaces: true, tabSize: 2 }));\n}",
          ),
      ),
    }));
    // The same module under its old name.
    build.onResolve({ filter: /^prettier\/parser-graphql$/ }, ({ resolveDir }) =>
      build.resolve("prettier/plugins/graphql", { kind: "dynamic-import", resolveDir }),
    );
    // Of the fonts the upright Latin ones: others are the reader's own. The icons come with the editor.
    build.onLoad({ filter: /graphiql\/dist\/style\.css$/ }, async ({ path }) => ({
      loader: "css",
      contents: await edited(path, (text) =>
        text.replace(/@font-face\s*\{[^}]*\}/g, (face) =>
          /italic|codicon/.test(face) || !face.includes("U+0000-00FF") ? "" : face,
        ),
      ),
    }));
  },
};

await rm(OUT, { recursive: true, force: true });
const { metafile } = await build({
  entryPoints: {
    graphiql: "entry.js",
    "editor.worker": `${MONACO}/editor/editor.worker.js`,
    "json.worker": `${MONACO}/language/json/json.worker.js`,
    "graphql.worker": "monaco-graphql/esm/graphql.worker.js",
  },
  outdir: OUT,
  bundle: true,
  minify: true,
  splitting: true,
  format: "esm",
  target: "es2022",
  chunkNames: "chunk-[hash]",
  legalComments: "none",
  define: { "process.env.NODE_ENV": '"production"' },
  loader: { ".ttf": "dataurl" },
  plugins: [smaller],
  metafile: true,
});

const folders = new Set(
  Object.keys(metafile.inputs).flatMap((input) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(input)?.[0] ?? []),
);
const packages = [];
const notices = new Map();
for (const folder of [...folders].sort()) {
  const { name, version, license } = JSON.parse(await readFile(join(folder, "package.json"), "utf8"));
  packages.push({ name, version, license });
  const found = (await readdir(folder)).filter((entry) => /^(licen[cs]e|thirdpartynotices)/i.test(entry)).sort();
  const texts = await Promise.all(found.map(async (entry) => (await readFile(join(folder, entry), "utf8")).trim()));
  const notice = texts.join("\n\n");
  notices.set(notice, [...(notices.get(notice) ?? []), `${name} ${version} (${license})`]);
}
const licences = [...notices].map(([notice, of]) => `${of.join("\n")}\n\n${notice}\n`);
await writeFile(join(OUT, "LICENCES.txt"), licences.join(`\n${"-".repeat(80)}\n\n`));

const files = {};
for (const name of (await readdir(OUT)).sort()) {
  // Styles of a chunk are in graphiql.css already.
  if (/^chunk-.*\.css$/.test(name)) await rm(join(OUT, name));
  else files[name] = createHash("sha256").update(await readFile(join(OUT, name))).digest("hex");
}
await writeFile(join(OUT, "vendored.json"), `${JSON.stringify({ packages, files }, null, 2)}\n`);
