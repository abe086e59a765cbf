// Starts GraphiQL. A file of its own, because the page allows no script inside it.
"use strict";

(async () => {
  const HEADERS = JSON.stringify({ Authorization: "Bearer " }, null, 2);

  // Nothing is kept after the page is closed: operations and variables may name customers.
  const kept = new Map();
  const storage = {
    get length() { return kept.size; },
    getItem: (name) => (kept.has(name) ? kept.get(name) : null),
    setItem: (name, value) => { kept.set(name, String(value)); },
    removeItem: (name) => { kept.delete(name); },
    clear: () => { kept.clear(); },
  };

  // One tab for each operation with the comments above it: it ends with the brace at the start of a line.
  const answer = await fetch("/graphiql/examples.graphql");
  const examples = answer.ok ? (await answer.text()).split(/(?<=^\}\n)/m).map((one) => one.trim()).filter(Boolean) : [];

  const root = ReactDOM.createRoot(document.getElementById("graphiql"));
  root.render(
    React.createElement(GraphiQL, {
      fetcher: GraphiQL.createFetcher({ url: window.location.pathname }),
      storage,
      defaultHeaders: HEADERS,
      defaultTabs: examples.map((query) => ({ query, headers: HEADERS })),
      defaultEditorToolsVisibility: "headers",
      isHeadersEditorEnabled: true,
      shouldPersistHeaders: false,
    }),
  );
})();
