// What app/web/static/graphiql/boot.js uses of GraphiQL, React and the editor.
import "graphiql/style.css";
import * as monaco from "monaco-graphql/esm/monaco-editor.js";

const WORKERS = ["graphql", "json"];
globalThis.MonacoEnvironment = {
  // Files of the same server: the page allows no other workers, such as those made of blobs.
  getWorker: (_, label) =>
    new Worker(new URL(`./${WORKERS.includes(label) ? label : "editor"}.worker.js`, import.meta.url), { type: "module" }),
};

// Comments and line numbers with enough contrast to be read.
const defineTheme = monaco.editor.defineTheme;
monaco.editor.defineTheme = (name, theme) => {
  const [comment, number] = theme.base === "vs-dark" ? ["9ac78b", "#a9b4c6"] : ["1c6b2f", "#55605d"];
  const colors = { "editorLineNumber.foreground": number, "editorLineNumber.dimmedForeground": number };
  defineTheme(name, {
    ...theme,
    colors: { ...theme.colors, ...colors },
    rules: [...theme.rules, { token: "comment", foreground: comment }],
  });
};

export { createGraphiQLFetcher } from "@graphiql/toolkit";
export { GraphiQL } from "graphiql";
export { createElement } from "react";
export { createRoot } from "react-dom/client";
export const onEditor = (use) => monaco.editor.onDidCreateEditor(use);
