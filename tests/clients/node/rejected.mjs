// What an app sees of a request that the server rejects: the code and the seconds to wait, from Apollo Client and urql.
import { address, file, headers } from './day.mjs';
import { ApolloClient, gql, HttpLink, InMemoryCache } from './vendored/apollo.js';
import { Client, fetchExchange, gql as urqlGql } from './vendored/urql.js';

const text = '{ program { name } }';
const show = (client, errors) => console.log(JSON.stringify({ client, errors: errors?.map((error) => error.extensions) ?? [] }));

const apollo = new ApolloClient({ link: new HttpLink({ uri: address, headers }), cache: new InMemoryCache() });
show('apollo', await apollo.query({ query: gql(text) }).then(() => [], (error) => error.errors));

const urql = new Client({ url: address, fetchOptions: { headers }, exchanges: [fetchExchange], preferGetMethod: false });
show('urql', (await urql.query(urqlGql(text), {}).toPromise()).error?.graphQLErrors);
