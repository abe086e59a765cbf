// Apollo Client as it comes: `plain`, or with automatic persisted queries, by POST or by GET (`post`, `get`).
import { address, file, headers, recordingFetch, spendDay } from './day.mjs';
import { ApolloClient, ApolloLink, gql, HttpLink, InMemoryCache, PersistedQueryLink } from './vendored/apollo.js';

const mode = process.argv[4];
const sha256 = async (text) => Buffer.from(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text))).toString('hex');
const http = new HttpLink({ uri: address, headers, fetch: recordingFetch });
const persisted = mode === 'plain' ? [] : [new PersistedQueryLink({ sha256, useGETForHashedQueries: mode === 'get' })];
const client = new ApolloClient({ link: ApolloLink.from([...persisted, http]), cache: new InMemoryCache() });

const till = gql(file('../till.graphql'));
const fragments = till.definitions.filter((definition) => definition.kind === 'FragmentDefinition');
const document = (name) => {
  const operation = till.definitions.find((definition) => definition.name.value === name);
  const used = JSON.stringify(operation).includes('FragmentSpread') ? fragments : [];
  return { kind: 'Document', definitions: [operation, ...used] };
};

await spendDay({
  ask: async (name, variables) => {
    const operation = document(name);
    if (operation.definitions[0].operation === 'mutation') {
      return (await client.mutate({ mutation: operation, variables })).data;
    }
    return (await client.query({ query: operation, variables, fetchPolicy: 'network-only' })).data;
  },
  shown: (name, variables) => client.readQuery({ query: document(name), variables }),
});
