import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { deliveredCopies, judgeRecord, recordedCommands } from '../support/invariants.js';
import { until } from '../support/servers.js';
import { Stack } from '../support/stack.js';

/** All processes, a real client, and the way of its session to the Datadog stand-in. Faked: Datadog. */
describe("an agent's session", () => {
  let stack: Stack;

  beforeAll(async () => {
    stack = await Stack.start({
      postgresSettings: {
        log_statement: 'all',
        logging_collector: 'on',
        log_directory: 'log',
        log_filename: 'statements.log',
        log_file_mode: '0644',
        log_line_prefix: '%d ',
      },
    });
    await stack.query('CREATE TABLE orders (id integer PRIMARY KEY, note text)', [], stack.targetUrl);
  }, 60_000);

  afterAll(async () => {
    await stack?.stop();
  });

  async function session<T>(work: (client: pg.Client) => Promise<T>): Promise<T> {
    const client = new pg.Client(stack.agent);
    await client.connect();
    try {
      return await work(client);
    } finally {
      await client.end();
    }
  }

  async function closedSessions(): Promise<
    { id: string; commands: number; failed: number; outcome: string; body: Record<string, unknown> }[]
  > {
    const rows = await stack.query<{ session_id: string; outcome: string; body: Buffer }>(
      `SELECT session_id, outcome, body FROM event WHERE type = 'session.closed' ORDER BY position`,
    );
    return rows.map((row) => {
      const body = JSON.parse(row.body.toString('utf8')) as Record<string, unknown> & {
        data: { commands: number; failed: number };
      };
      return { id: row.session_id, outcome: row.outcome, commands: body.data.commands, failed: body.data.failed, body };
    });
  }

  it('lands in the record whole: who, which connection, which commands, and how it ended', async () => {
    await session(async (client) => {
      await client.query('INSERT INTO orders VALUES (1, $1)', ['first']);
      await client.query('SELECT * FROM orders');
      await expect(client.query('SELECT * FROM no_such_table')).rejects.toMatchObject({ code: '42P01' });
    });
    const [closed] = await until('the session is recorded', async () => {
      const sessions = await closedSessions();
      return sessions.length > 0 && sessions;
    });
    expect(closed).toMatchObject({ commands: 3, failed: 1 });
    expect(closed?.body).toMatchObject({
      identity: { id: 'test-agent', kind: 'agent', onBehalfOf: 'test-suite', verified: true },
      connection: { name: 'sample', type: 'postgres', sensitivity: 'sensitive' },
    });
    expect((await recordedCommands(stack)).slice(0, 2)).toEqual([
      'INSERT INTO orders VALUES (1, $1)|first',
      'SELECT * FROM orders',
    ]);
    expect((await judgeRecord(stack)).faults).toEqual([]);
  });

  it('arrives in Datadog, each of its events once', async () => {
    const ids = (
      await stack.query<{ id: string }>(`SELECT epoch || '.' || seq AS id FROM event WHERE session_id IS NOT NULL`)
    ).map((row) => row.id);
    expect(ids.length).toBeGreaterThanOrEqual(8);
    const copies = await until('all events are delivered', async () => {
      const found = await deliveredCopies(stack);
      return ids.every((id) => found.has(id)) && found;
    });
    expect(ids.filter((id) => copies.get(id) !== 1)).toEqual([]);
    const closed = (await stack.delivered()).find((log) => (log.evt as { name?: string }).name === 'session.closed');
    expect(closed).toMatchObject({
      usr: { id: 'test-agent', type: 'agent' },
      connection: { name: 'sample' },
      ddsource: 'affidavit',
    });
    expect(JSON.stringify(await stack.delivered())).not.toContain('afd_test_token');
  });

  it('is answered by the API, and the read is itself on the record', async () => {
    const get = async (path: string) => {
      const answer = await fetch(`${stack.apiUrl}${path}`, { headers: { authorization: `Bearer ${stack.adminKey}` } });
      expect(answer.status).toBe(200);
      return (await answer.json()) as Record<string, unknown>;
    };
    const [closed] = await closedSessions();
    const [last] = await stack.query<{ position: string }>(`SELECT position FROM event WHERE type = 'session.closed'`);
    // Its projection may be a moment behind.
    expect(await get(`/v1/sessions/${closed?.id}?atLeast=${last?.position}`)).toMatchObject({
      session: { id: closed?.id, state: 'closed', commands: 3 },
    });
    await until(
      'the read is recorded',
      async () => (await stack.query(`SELECT FROM event WHERE type = 'record.read'`)).length > 0,
    );
    expect((await fetch(`${stack.apiUrl}/v1/sessions`)).status).toBe(401);
  });

  it('refused for a wrong token is on the record, and says 28P01', async () => {
    const client = new pg.Client({ ...stack.agent, password: 'wrong' });
    await expect(client.connect()).rejects.toMatchObject({ code: '28P01' });
    await until(
      'the refusal is recorded',
      async () => (await stack.query(`SELECT FROM event WHERE type = 'session.denied'`)).length === 1,
    );
  });

  it('leaves nothing in the statement log of the target that the record does not have', async () => {
    await session(async (client) => {
      await client.query('BEGIN');
      await client.query('UPDATE orders SET note = $1 WHERE id = $2', ['changed', 1]);
      await client.query('COMMIT');
      await client.query({ name: 'named', text: 'SELECT count(*) FROM orders' });
      await client.query({ name: 'named', text: 'SELECT count(*) FROM orders' });
    });
    await session(async (client) => {
      await client.query('SELECT 1; SELECT 2');
      await client.query("COPY orders FROM PROGRAM 'true'");
    });
    const folder = join(stack.postgres.directory, 'log');
    const log = readdirSync(folder)
      .map((file) => readFileSync(join(folder, file), 'utf8'))
      .join('');
    // What ran in the sample database; only its table was made past the gateway.
    const executed = [...log.matchAll(/^sample LOG: {2}(?:statement|execute [^:]+): (.*)$/gm)]
      .map((match) => match[1] ?? '')
      .filter((text) => !text.startsWith('CREATE TABLE'));
    expect(executed).toContain('SELECT 1; SELECT 2');
    await until('every executed statement has its event', async () => {
      const recorded = new Set((await recordedCommands(stack)).map((command) => command.split('|')[0]));
      return executed.every((text) => recorded.has(text));
    });
    expect(executed.length).toBeGreaterThanOrEqual(9);
  });
});
