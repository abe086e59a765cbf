// Relay as its compiler prepared it: every document is asked for by `documentId`, and the server runs no others.
import { address, headers, recordingFetch, spendDay } from './day.mjs';
import Buy from './relay/__generated__/TillBuyMutation.graphql.js';
import Check from './relay/__generated__/TillCheckQuery.graphql.js';
import Enrol from './relay/__generated__/TillEnrolMutation.graphql.js';
import LedgerPagination from './relay/__generated__/TillLedgerPaginationQuery.graphql.js';
import Ledger from './relay/__generated__/TillLedgerQuery.graphql.js';
import LookUp from './relay/__generated__/TillLookUpQuery.graphql.js';
import Redeem from './relay/__generated__/TillRedeemMutation.graphql.js';
import Refund from './relay/__generated__/TillRefundMutation.graphql.js';
import Undo from './relay/__generated__/TillUndoMutation.graphql.js';
import {
  commitMutation, createOperationDescriptor, Environment, fetchQuery, getRequest, Network, RecordSource, Store,
} from './vendored/relay.js';

const documents = { Buy, Check, Enrol, LookUp, Redeem, Refund, Undo };
const network = Network.create(async ({ id }, variables) => {
  const response = await recordingFetch(address, {
    method: 'POST',
    headers: { ...headers, 'content-type': 'application/json' },
    body: JSON.stringify({ documentId: `sha256:${id}`, variables }),
  });
  return response.json();
});
const environment = new Environment({ network, store: new Store(new RecordSource()) });

const query = (document, variables) => fetchQuery(environment, document, variables, { fetchPolicy: 'network-only' }).toPromise();
const mutate = (mutation, variables) => new Promise((onCompleted, onError) => {
  commitMutation(environment, { mutation, variables, onCompleted, onError });
});
const kept = (document, variables) => {
  const operation = createOperationDescriptor(getRequest(document), variables);
  environment.retain(operation);
  return environment.lookup(operation.fragment).data;
};

await spendDay({
  ask: (name, variables) => {
    const document = documents[name];
    return document.params.operationKind === 'mutation' ? mutate(document, variables) : query(document, variables);
  },
  shown: (name, variables) => kept(documents[name], variables),
});

// The ledger page by page, until the connection that Relay keeps says that there is no more.
const by = { card: 'ANNA' };
await query(Ledger, { by });
const { id } = kept(Ledger, { by }).customer;
const connection = () => environment.getStore().getSource().get(`client:${id}:__Till_ledger_connection`);
const source = () => environment.getStore().getSource();
const page = () => source().get(connection().pageInfo.__ref);
while (page().hasNextPage) {
  await query(LedgerPagination, { id, count: 3, cursor: page().endCursor });
}
const entries = connection().edges.__refs.map((edge) => source().get(source().get(edge).node.__ref));
console.log(JSON.stringify({ ledger: entries.map(({ type, points }) => [type, points]) }));
