// urql as it comes, with its exchange for persisted documents, of queries (`get`) or of queries and mutations (`post`).
import { address, file, headers, recordingFetch, spendDay } from './day.mjs';
import { cacheExchange, Client, fetchExchange, gql, persistedExchange } from './vendored/urql.js';

const mode = process.argv[4];
const client = new Client({
  url: address,
  fetch: recordingFetch,
  fetchOptions: { headers },
  preferGetMethod: mode === 'get',
  exchanges: [
    cacheExchange,
    persistedExchange({ preferGetForPersistedQueries: mode === 'get', enableForMutation: mode === 'post' }),
    fetchExchange,
  ],
});

const till = gql(file('../till.graphql'));
const fragments = till.definitions.filter((definition) => definition.kind === 'FragmentDefinition');
const document = (name) => {
  const operation = till.definitions.find((definition) => definition.name.value === name);
  const used = JSON.stringify(operation).includes('FragmentSpread') ? fragments : [];
  return { kind: 'Document', definitions: [operation, ...used] };
};

const ask = async (name, variables, requestPolicy) => {
  const operation = document(name);
  const does = operation.definitions[0].operation;
  const result = await client[does](operation, variables, { requestPolicy }).toPromise();
  if (result.error) throw result.error;
  return result.data;
};

await spendDay({
  ask: (name, variables) => ask(name, variables, 'network-only'),
  // Its cache of documents forgets a query when a mutation touches one of its types, and asks again.
  shown: (name, variables) => ask(name, variables, 'cache-first'),
});
