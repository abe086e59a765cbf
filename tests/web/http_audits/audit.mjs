// The audits of GraphQL over HTTP against a server: one line of JSON for each, with its status.
import { createRequire } from 'node:module';

const { auditServer } = createRequire(import.meta.url)('./graphql-http-audits.min.js');
// The audits send a GET without any header that another site could not send; the API asks for one.
const fetchFn = (url, init) => fetch(url, { ...init, headers: { ...init?.headers, 'graphql-preflight': '1' } });
for (const { status, name, reason } of await auditServer({ url: process.argv[2], fetchFn })) {
  console.log(JSON.stringify({ status, name, reason }));
}
