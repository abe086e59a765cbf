// A till's day, step by step, through any client: what each answer says and what the screen shows afterwards.
import { readFileSync } from 'node:fs';

export const file = (name) => readFileSync(new URL(name, import.meta.url), 'utf8');

export const address = process.argv[2];
export const headers = { authorization: `Bearer ${process.argv[3]}` };

// Every request: how it was sent and answered, so that the test sees what the client did on its own.
const requests = [];
export async function recordingFetch(url, init) {
  const response = await fetch(url, init);
  const method = init?.method ?? 'GET';
  const sent = method === 'GET' ? Object.fromEntries(new URL(url).searchParams) : JSON.parse(init.body);
  const answer = await response.clone().json();
  requests.push({
    method,
    text: Boolean(sent.query),
    hash: Boolean(sent.documentId) || JSON.stringify(sent.extensions ?? {}).includes('sha256Hash'),
    status: response.status,
    error: answer.errors?.[0].extensions.code ?? null,
  });
  return response;
}

// `ask` sends an operation and returns its data; `shown` returns the data of LookUp that the client has without asking,
// or null.
export async function spendDay({ ask, shown }) {
  let redemption = '';
  for (const { step, operation, variables } of JSON.parse(file('../day.json'))) {
    const given = JSON.stringify(variables)
      .replace('REDEMPTION', redemption)
      .replace('YESTERDAY', new Date(Date.now() - 24 * 3600 * 1000).toISOString());
    const [root] = Object.values(await ask(operation, JSON.parse(given)));
    redemption = root.redemption?.id ?? redemption;
    const [balance] = root.wallet?.balances ?? root.balances ?? [];
    const card = await shown('LookUp', { by: { card: 'ANNA' } });
    console.log(JSON.stringify({
      step,
      answered: balance ? balance.available : root.decision.points[0].points,
      shown: card?.customer ? card.customer.wallet.balances[0].available : null,
      problems: root.userErrors ?? [],
    }));
  }
  console.log(JSON.stringify({ requests }));
}
