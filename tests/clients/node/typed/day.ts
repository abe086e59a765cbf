// A till's day in TypeScript, with the types that graphql-codegen makes of the schema and of till.graphql.
import {
  BuyDocument, CheckDocument, EnrolDocument, LookUpDocument, RedeemDocument, RefundDocument, UndoDocument,
  type PurchaseInput, type TypedDocumentString,
} from './generated/graphql.ts';

declare const process: { argv: string[] };

const [address, key] = process.argv.slice(2) as [string, string];

async function execute<Result, Variables>(document: TypedDocumentString<Result, Variables>, variables: Variables): Promise<Result> {
  const response = await fetch(address, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${key}`,
      'content-type': 'application/json',
      accept: 'application/graphql-response+json',
    },
    body: JSON.stringify({ query: document.toString(), variables }),
  });
  const body = (await response.json()) as { data?: Result; errors?: unknown };
  if (body.data === undefined || body.errors !== undefined) throw new Error(JSON.stringify(body.errors));
  return body.data;
}

interface Payload {
  balances: ReadonlyArray<{ available: number }>;
  userErrors: ReadonlyArray<{ code: string }>;
}

const by = { card: 'ANNA' } as const;

async function shown(): Promise<number | null> {
  const { customer } = await execute(LookUpDocument, { by });
  return customer?.wallet.balances[0]?.available ?? null;
}

async function report(step: string, payload: Payload | null): Promise<void> {
  const answered = payload?.balances[0]?.available ?? null;
  console.log(JSON.stringify({ step, answered, shown: await shown(), problems: payload?.userErrors ?? [] }));
}

function receipt(externalId: string, sku: string, quantity: string, unitPrice: string): PurchaseInput {
  return { externalId, lines: [{ sku, quantity, unitPrice }] };
}

async function buy(step: string, idempotencyKey: string, purchase: PurchaseInput): Promise<void> {
  const { recordPurchase } = await execute(BuyDocument, { input: { idempotencyKey, customer: by, purchase } });
  await report(step, recordPurchase);
}

const mugs = receipt('R-1', 'mug', '2', '30.00');
const yesterday = new Date(Date.now() - 24 * 3600 * 1000).toISOString();

const enrolled = await execute(EnrolDocument, { input: { idempotencyKey: '1', identities: [by] } });
await report('enrol', enrolled.enrolCustomer);

const found = await execute(LookUpDocument, { by });
await report('look up', { balances: found.customer?.wallet.balances ?? [], userErrors: [] });

const { basketCheck } = await execute(CheckDocument, { by, basket: { lines: mugs.lines } });
const outcome: 'GRANTED' | 'PARTLY_GRANTED' | 'NOTHING_EARNED' | 'REFUSED' | undefined = basketCheck?.decision.outcome;
const points = outcome === 'GRANTED' ? (basketCheck?.decision.points[0]?.points ?? 0) : 0;
await report('check', { balances: [{ available: points }], userErrors: [] });

await buy('buy', '2', mugs);
await buy('buy more', '3', receipt('R-2', 'pot', '1', '70.00'));
await buy('send a receipt again', '2', mugs);

const { redeemReward } = await execute(RedeemDocument, { input: { idempotencyKey: '4', customer: by, reward: { key: 'coffee' } } });
await report('redeem', redeemReward);

const { recordRefund } = await execute(RefundDocument, {
  input: { idempotencyKey: '5', purchase: { externalId: 'R-1' }, lines: [{ line: 1, quantity: '1' }] },
});
await report('refund', recordRefund);

const redemption = redeemReward?.redemption?.id ?? '';
const { cancelRedemption } = await execute(UndoDocument, { input: { idempotencyKey: '6', redemption } });
await report('undo', cancelRedemption);

await buy('late receipt', '7', { ...receipt('R-0', 'bun', '1', '10.00'), occurredAt: yesterday });
