import { createHmac } from 'node:crypto';
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import pg from 'pg';
import { deliveredCopies } from '../support/invariants.js';
import { until } from '../support/servers.js';
import { Stack } from '../support/stack.js';

// The forwarder as a process, with destinations out of affidavit.yaml: Datadog (the stand-in) and a receiver of webhooks.

const SECRET = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;

interface Envelope {
  id: string;
  type: string;
}

describe('destinations of affidavit.yaml', () => {
  let stack: Stack;
  let server: Server;
  let received: Envelope[] = [];
  let forged = 0;

  function isGenuine(headers: IncomingHttpHeaders, body: string): boolean {
    const key = Buffer.from(SECRET.slice('whsec_'.length), 'base64');
    const signed = `${headers['webhook-id']}.${headers['webhook-timestamp']}.${body}`;
    return headers['webhook-signature'] === `v1,${createHmac('sha256', key).update(signed).digest('base64')}`;
  }

  beforeAll(async () => {
    server = createServer((request, response) => {
      let body = '';
      request.on('data', (chunk) => (body += chunk));
      request.on('end', () => {
        if (!isGenuine(request.headers, body)) forged++;
        received.push(...(JSON.parse(body) as Envelope[]));
        response.writeHead(204).end();
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    stack = await Stack.start({ env: { TEST_DATADOG_KEY: 'canary-datadog-key-0f1e2d' } });
  }, 60_000);

  afterAll(async () => {
    await stack?.stop();
    server?.close();
  });

  const policyFile = () => join(stack.folder, 'affidavit.yaml');

  /** Writes the destinations of the file anew; all else in it stays. */
  function declare(webhook: { types: string; state?: string; secret?: string }): void {
    const [rest] = readFileSync(policyFile(), 'utf8').split('destinations:');
    writeFileSync(policyFile(), rest ?? '');
    const { port } = server.address() as AddressInfo;
    const file = webhook.secret ?? 'webhook.secret';
    appendFileSync(
      policyFile(),
      `destinations:
  - name: datadog
    kind: datadog
    startAt: beginning
    url: http://127.0.0.1:${stack.ports.datadog}/api/v2/logs
    allowPrivate: true
    apiKey: { env: TEST_DATADOG_KEY }
  - name: siem
    kind: webhook
    startAt: now
    state: ${webhook.state ?? 'active'}
    url: http://127.0.0.1:${port}/hook
    allowPrivate: true
    batch: many
    secrets: [{ file: ${file} }]
    filter: { types: [${webhook.types}] }
`,
    );
  }

  async function session(statement: string): Promise<void> {
    const client = new pg.Client(stack.agent);
    await client.connect();
    await client.query(statement);
    await client.end();
  }

  async function recorded(type: string): Promise<string[]> {
    const rows = await stack.query<{ id: string }>(
      `SELECT epoch || '.' || seq AS id FROM event WHERE type LIKE $1 ORDER BY position`,
      [type],
    );
    return rows.map(({ id }) => id);
  }

  const idsOf = (type: RegExp) => received.filter((one) => type.test(one.type)).map((one) => one.id);

  it('are followed while the forwarder runs; a new one begins where it was said to, signed and filtered', async () => {
    await session('SELECT 1');
    await until('Datadog has it', async () => (await recorded('session.closed')).length === 1);
    const before = await recorded('%');
    writeFileSync(join(stack.folder, 'webhook.secret'), `${SECRET}\n`);
    declare({ types: 'session.*' });
    await until('the receiver is a destination', async () => {
      const rows = await stack.query(
        `SELECT FROM delivery_destination WHERE destination = 'siem' AND kind = 'webhook'`,
      );
      return rows.length === 1;
    });
    await session('SELECT 2');
    await until('the webhook came', () => idsOf(/session\.closed$/).length === 1, 20_000);
    expect(forged).toBe(0);
    expect(received.every((one) => /session\./.test(one.type))).toBe(true);
    // From now on: nothing that stood in the record before.
    expect(received.filter((one) => before.includes(one.id))).toEqual([]);
    // Datadog went on where it was, without a second copy, although its secret comes from another place now.
    const all = await recorded('%');
    const copies = await until('Datadog has all of it', async () => {
      const found = await deliveredCopies(stack);
      return all.every((id) => found.has(id)) && found;
    });
    expect([...copies.values()].every((count) => count === 1)).toBe(true);
  }, 60_000);

  it('paused by a person keep what they are to have, and get it afterwards by the filter of its time', async () => {
    declare({ types: 'session.*', state: 'paused' });
    await until('it is paused', async () => {
      const [row] = await stack.query<{ is_held: boolean }>(
        `SELECT is_held FROM delivery_destination WHERE destination = 'siem'`,
      );
      return row?.is_held === true;
    });
    received = [];
    await session('SELECT 3');
    await until('Datadog has it', async () => (await recorded('session.closed')).length === 3);
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    expect(received).toEqual([]);
    declare({ types: 'command.*' });
    await until('what is new comes by the new filter', () => idsOf(/command\.completed$/).length > 0, 20_000);
    const versions = await stack.query<{ version: number }>(
      `SELECT version FROM delivery_filter WHERE destination = 'siem' ORDER BY version`,
    );
    expect(versions.map(({ version }) => version)).toEqual([1, 2]);
  }, 60_000);

  it('without their secret say so at /readyz and lose nothing; a secret that is there again works without a restart', async () => {
    declare({ types: 'session.*', secret: 'absent.secret' });
    await until('the file is followed', async () => {
      const rows = await stack.query(`SELECT FROM delivery_filter WHERE destination = 'siem' AND version = 3`);
      return rows.length === 1;
    });
    received = [];
    await session('SELECT 4');
    const readyz = () => fetch(`http://127.0.0.1:${stack.ports.forwarder}/readyz`).then((answer) => answer.text());
    const said = await until(
      'readyz names the secret',
      async () => {
        const text = await readyz();
        return text.includes('absent.secret') && text;
      },
      20_000,
    );
    expect(said).not.toContain(SECRET);
    writeFileSync(join(stack.folder, 'absent.secret'), SECRET);
    await until('the webhook came', () => idsOf(/session\.closed$/).length > 0, 40_000);
    expect(forged).toBe(0);
  }, 90_000);

  it('keep no secret in the database or in a log', async () => {
    const rows = await stack.query<{ text: string }>(
      `SELECT d::text AS text FROM delivery_destination d UNION ALL SELECT b::text FROM delivery_batch b
         UNION ALL SELECT f::text FROM delivery_filter f`,
    );
    const logs = stack.log('forwarder');
    for (const secret of [SECRET, SECRET.slice('whsec_'.length), 'canary-datadog-key-0f1e2d']) {
      expect(rows.some(({ text }) => text.includes(secret))).toBe(false);
      expect(logs).not.toContain(secret);
    }
  });
});
