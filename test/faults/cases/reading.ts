import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import pg from 'pg';
import { until } from '../../support/servers.js';
import type { Stack } from '../../support/stack.js';
import type { FaultCase } from '../case.js';
import { used, type World } from '../world.js';

// Whoever reads evidence, or guesses at keys, while the api is killed or has to bear more than it should.

const MIB = 1024 ** 2;
const STREAM = { accept: 'application/x-ndjson' };

async function ask(stack: Stack, path: string, key: string, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(`${stack.apiUrl}${path}`, { headers: { authorization: `Bearer ${key}`, ...headers } });
}

/** More than the buffers of a connection hold: a client that does not read then stops the one that writes. */
async function recordLarge(world: World, count: number): Promise<void> {
  const one = new pg.Client(world.stack.agent);
  await one.connect();
  for (let n = 0; n < count; n++) await one.query(`SELECT length('${String(n).repeat(3 * MIB)}')`);
  await one.end();
  await until(
    'the large ones are recorded',
    async () => {
      const [sum] = await world.stack.query<{ bytes: number }>(
        'SELECT sum(octet_length(body))::int AS bytes FROM event',
      );
      return (sum?.bytes ?? 0) > count * 3 * MIB;
    },
    60_000,
  );
}

/** Asks for the whole log as a stream, takes its beginning, and then nothing. */
async function stalled(stack: Stack): Promise<Socket> {
  const socket = connect(stack.ports.api, '127.0.0.1');
  socket.on('error', () => undefined);
  socket.write(
    `GET /v1/events HTTP/1.1\r\nHost: x\r\nAccept: application/x-ndjson\r\nAuthorization: Bearer ${stack.adminKey}\r\n\r\n`,
  );
  await once(socket, 'readable');
  expect(String(socket.read(15))).toBe('HTTP/1.1 200 OK');
  return socket;
}

async function onRecord(stack: Stack, type: string): Promise<{ key?: string; what?: string }[]> {
  const rows = await stack.query<{ body: Buffer }>('SELECT body FROM event WHERE type = $1 ORDER BY position', [type]);
  return rows.map(({ body }) => (JSON.parse(String(body)) as { data: object }).data);
}

/** Whole lines, up to where the stream ends or breaks off. */
async function linesOf(answer: Response, before: () => Promise<unknown> = async () => undefined) {
  const decoder = new TextDecoder();
  let text = '';
  let isWhole = true;
  try {
    for await (const chunk of answer.body!) {
      if (text === '') await before();
      text += decoder.decode(chunk as Uint8Array, { stream: true });
    }
  } catch {
    isWhole = false;
  }
  const lines = text.split('\n');
  // What follows the last line feed is no line.
  lines.pop();
  return { isWhole, positions: lines.map((line) => BigInt((JSON.parse(line) as { position: string }).position)) };
}

export const READING_CASES: readonly FaultCase[] = [
  {
    name: 'the api killed in mid-stream: the part is never taken for the whole, and going on misses and doubles nothing',
    group: 'kill',
    alone: true,
    async run(world) {
      const { stack } = world;
      await recordLarge(world, 6);
      await world.answered(20);
      const answer = await ask(stack, '/v1/events', stack.adminKey, STREAM);
      const [from = '', end = ''] = (answer.headers.get('affidavit-range') ?? '').split('-');
      expect(from).toBe('0');
      const first = await linesOf(answer, async () => {
        // Before the first byte, whatever becomes of the rest.
        const [read] = await stack.query<{ n: number }>(
          `SELECT (SELECT count(*)::int FROM event WHERE type = 'record.read' AND convert_from(body, 'UTF8') LIKE '%"events"%')
                + (SELECT count(*)::int FROM outbox WHERE body->>'type' = 'record.read' AND body->'data'->>'what' = 'events') AS n`,
        );
        expect(read?.n).toBe(1);
        await world.crash('api');
      });
      expect(first.isWhole).toBe(false);
      const last = first.positions.at(-1) ?? -1n;
      expect(last + 1n).toBeLessThan(BigInt(end));
      const rest = await linesOf(await ask(stack, `/v1/events?after=${last}&until=${end}`, stack.adminKey, STREAM));
      expect(rest.isWhole).toBe(true);
      const wanted = Array.from({ length: Number(end) }, (_, n) => BigInt(n));
      expect([...first.positions, ...rest.positions]).toEqual(wanted);
      // One sitting, also over the crash.
      expect((await onRecord(stack, 'record.read')).filter(({ what }) => what === 'events')).toHaveLength(1);
      return undefined;
    },
  },
  {
    name: 'thousands of guessed keys and clients that stop reading in mid-stream hold up neither readers nor the record',
    group: 'input',
    alone: true,
    async run(world) {
      const { stack } = world;
      await recordLarge(world, 6);
      expect((await ask(stack, '/v1/sessions', stack.adminKey)).status).toBe(200);
      const before = used(stack, 'api');
      const pid = stack.processes.get('api')?.pid;
      const sockets = await Promise.all(Array.from({ length: 4 }, () => stalled(stack)));
      // Beyond the four of a key.
      expect((await ask(stack, '/v1/events', stack.adminKey, STREAM)).status).toBe(429);

      const statuses = new Map<number, number>();
      for (let round = 0; round < 100; round++) {
        const guesses = Array.from({ length: 20 }, (_, n) => `afd_00000000_${`${round}x${n}`.padStart(43, 'x')}`);
        for (const { status } of await Promise.all(guesses.map((guess) => ask(stack, '/v1/events', guess)))) {
          statuses.set(status, (statuses.get(status) ?? 0) + 1);
        }
      }
      expect([...statuses.keys()].sort()).toEqual([401, 429]);
      // Ten at once, and one in six seconds.
      expect(statuses.get(401)).toBeLessThan(40);
      expect((await ask(stack, '/v1/sessions?limit=1', stack.adminKey)).status).toBe(200);
      await world.answered(30);

      const stuck = await stack.query(
        `SELECT query FROM pg_stat_activity WHERE application_name = 'affidavit-api' AND state <> 'idle'
            AND xact_start < clock_timestamp() - interval '2 seconds'`,
      );
      expect(stuck).toEqual([]);
      const during = used(stack, 'api');
      expect((during?.mebibytes ?? 0) - (before?.mebibytes ?? 0)).toBeLessThan(200);
      // The first of each kind; the sums come a minute after it.
      const refused = await onRecord(stack, 'access.refused');
      expect(refused.length).toBeGreaterThanOrEqual(2);
      expect(refused.length).toBeLessThan(10);

      for (const socket of sockets) socket.destroy();
      await until('a stream can be had again', async () => {
        const answer = await ask(stack, '/v1/events?limit=1', stack.adminKey, STREAM);
        return answer.status === 200 && (await answer.text()) !== '';
      });
      const api = stack.processes.get('api');
      expect({ pid: api?.pid, code: api?.exitCode }).toEqual({ pid, code: null });
      return undefined;
    },
  },
];
