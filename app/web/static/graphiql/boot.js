// Signs in and starts GraphiQL. It is a file of its own, because the page allows no script inside it.
const SESSION_ENTRY = "troth-key";
const form = document.getElementById("sign-in");
const field = document.getElementById("key");
const holder = document.getElementById("holder");
const button = form.querySelector("button");

// The key is stored in the session of the browser's tab, so that a reload stays signed in.
const session = {
  read() { try { return sessionStorage.getItem(SESSION_ENTRY) ?? ""; } catch { return ""; } },
  write(key) { try { key ? sessionStorage.setItem(SESSION_ENTRY, key) : sessionStorage.removeItem(SESSION_ENTRY); } catch { /* blocked */ } },
};
// What is typed into GraphiQL is stored in memory only, and forgotten with the page.
const entries = new Map();
const storage = {
  get length() { return entries.size; },
  getItem: (name) => (entries.has(name) ? entries.get(name) : null),
  setItem: (name, value) => { entries.set(name, String(value)); },
  removeItem: (name) => { entries.delete(name); },
  clear: () => { entries.clear(); },
};

// A browser never sends what follows the #. The key leaves the address bar, where it could be copied with the address.
function takeKeyFromAddress() {
  const match = /^#key=([\w.-]+)$/.exec(location.hash);
  if (!match) return false;
  session.write(match[1]);
  field.value = match[1];
  history.replaceState(null, "", location.pathname + location.search);
  return true;
}

if (!takeKeyFromAddress()) field.value = session.read();

const fetchText = async (path) => { const answer = await fetch(path); return answer.ok ? answer.text() : ""; };
const [{ GraphiQL, createElement, createGraphiQLFetcher, createRoot, onEditor }, operations, values] = await Promise.all([
  import("./built/graphiql.js"),
  fetchText("/graphiql/examples.graphql"),
  fetchText("/graphiql/variables.json"),
]);

// One tab for each operation with the comments above it. An operation ends with a brace at the start of a line.
const instantIn = (days) => `${new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 19)}Z`;
const instants = { yesterday: instantIn(-1), tomorrow: instantIn(1) };
const variables = JSON.parse(values || "{}", (_, value) => instants[value] ?? value);
const tabs = operations.split(/(?<=^\}\n)/m).map((example) => example.trim()).filter(Boolean).map((query) => ({
  query,
  variables: JSON.stringify(variables[/^(?:query|mutation) (\w+)/m.exec(query)[1]], null, 2),
}));

// Long lines are wrapped; on a phone there is no room for line numbers.
const PHONE = { fontSize: 12, lineNumbers: "off", folding: false, glyphMargin: false };
const phone = matchMedia("(max-width: 45rem)").matches;
onEditor((editor) => editor.updateOptions({ wordWrap: "on", ...(phone ? PHONE : { fontSize: 14 }) }));

const root = createRoot(document.getElementById("graphiql"));
function show(key) {
  // With a new fetcher GraphiQL reads the schema again; its tabs stay as they are.
  root.render(
    createElement(GraphiQL, {
      fetcher: createGraphiQLFetcher({ url: location.pathname, headers: key ? { Authorization: `Bearer ${key}` } : {} }),
      storage,
      defaultTabs: tabs,
      defaultEditorToolsVisibility: "variables",
      isHeadersEditorEnabled: true,
      shouldPersistHeaders: false,
    }),
  );
}

async function describe(key) {
  if (!key) return ["", "Not signed in: you can read the schema and published terms."];
  const query = "{ viewer { role program { name kind } } }";
  try {
    const answer = await fetch(location.pathname, {
      method: "POST",
      headers: { "Content-Type": "application/json", Authorization: `Bearer ${key}` },
      body: JSON.stringify({ query }),
    });
    const { data, errors } = await answer.json();
    if (!data?.viewer) return ["wrong", errors[0].message];
    const { role, program } = data.viewer;
    const name = role[0] + role.slice(1).toLowerCase();
    return ["right", `${name} of ${program.name}${program.kind === "SANDBOX" ? " (sandbox)" : ""}`];
  } catch {
    return ["wrong", "The server cannot be reached."];
  }
}

let current = null;
let signedIn = false;
function labelButton() { button.textContent = signedIn && field.value.trim() === current ? "Sign out" : "Sign in"; }

async function signIn() {
  const key = field.value.trim();
  if (key !== current) show(key);
  current = key;
  signedIn = false;
  session.write(key);
  const [state, text] = await describe(key);
  if (key !== current) return;
  signedIn = state === "right";
  holder.className = state;
  holder.textContent = text;
  field.setAttribute("aria-invalid", String(state === "wrong"));
  labelButton();
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  if (signedIn && field.value.trim() === current) field.value = "";
  signIn();
});
field.addEventListener("input", labelButton);
field.addEventListener("change", () => { if (field.value.trim() !== current) signIn(); });
addEventListener("hashchange", () => { if (takeKeyFromAddress()) signIn(); });
signIn();
