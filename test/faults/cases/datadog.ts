import pg from 'pg';
import { command } from '../../support/load.js';
import { until } from '../../support/servers.js';
import type { FaultCase } from '../case.js';
import type { World } from '../world.js';

/** Longest wait between two probes is 30 s (15 s where the key was refused): what waited for one arrives after it. */
const REST_AFTER_BACKOFF_MS = 90_000;

interface AskedFault {
  kind: string;
  /** null: until it is taken away. */
  count?: number | null;
  retryAfter?: string;
  rateLimitReset?: string;
  delayMs?: number;
  query?: string;
}

interface SeenLog {
  evt: { id: string; name: string };
  ddtags?: string;
}

function standIn(world: World, path: string, method = 'GET', body?: object): Promise<Response> {
  return fetch(`http://127.0.0.1:${world.stack.ports.datadog}/_affidavit/${path}`, {
    method,
    ...(body ? { body: JSON.stringify(body) } : {}),
  });
}

async function fault(world: World, asked: AskedFault): Promise<void> {
  const answer = await standIn(world, 'faults', 'POST', asked);
  if (answer.status !== 201) throw new Error(`the stand-in refused ${JSON.stringify(asked)}: ${answer.status}`);
}

async function waitingFaults(world: World): Promise<number> {
  const answer = (await (await standIn(world, 'faults')).json()) as { faults: unknown[] };
  return answer.faults.length;
}

/** Until every counted fault has hit its requests: a fault that hit nothing would prove nothing. */
async function untilUsed(world: World, withinMs = 90_000): Promise<void> {
  await until('every fault hit its requests', async () => (await waitingFaults(world)) === 0, withinMs);
}

async function counts(world: World): Promise<Record<string, number>> {
  return (await (await standIn(world, 'counts')).json()) as Record<string, number>;
}

async function destinationState(world: World): Promise<string | undefined> {
  const [row] = await world.stack.query<{ state: string }>('SELECT state FROM delivery_destination');
  return row?.state;
}

async function untilState(world: World, state: string, withinMs = 40_000): Promise<void> {
  await until(`the destination is ${state}`, async () => (await destinationState(world)) === state, withinMs);
}

async function count(world: World, sql: string): Promise<number> {
  const [row] = await world.stack.query<{ n: number }>(`SELECT (${sql})::int AS n`);
  return row?.n ?? 0;
}

/** Some events are there already, so that the fault finds the way at work. */
async function warm(world: World): Promise<void> {
  await world.answered(30);
  await until('Datadog has something', async () => (await world.stack.delivered()).length > 0);
}

/** A storm is over for the ledger when the destination delivers again. */
async function endStorm(world: World): Promise<void> {
  await standIn(world, 'faults', 'DELETE');
  await untilState(world, 'delivering', 60_000);
}

/** A spool that has no room just then refuses a command, clearly, and takes it a moment later. */
async function patiently(client: pg.Client, text: string): Promise<void> {
  await until('the command is taken', () =>
    client.query(text).then(
      () => true,
      (error: Error) => {
        if (error.message.includes('SPOOL_FULL')) return false;
        throw error;
      },
    ),
  );
}

/** A host whose clock is wrong: the process starts with another idea of the time, its code is the shipped one. */
function clockOff(ms: number): Record<string, string> {
  const code = `const R=Date,d=${ms};globalThis.Date=class extends R{constructor(...a){a.length?super(...a):super(R.now()+d)}static now(){return R.now()+d}}`;
  return { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(code)}` };
}

async function lateAndPrompt(world: World): Promise<{ late: number; prompt: number }> {
  const logs = (await world.stack.delivered()) as unknown as SeenLog[];
  const late = logs.filter((log) => String(log.ddtags).includes('late:true')).length;
  return { late, prompt: logs.length - late };
}

export const DATADOG_CASES: FaultCase[] = [
  {
    name: 'Datadog answers 429, with and without a wait of its own',
    group: 'datadog',
    async run(world) {
      await warm(world);
      for (const limit of [{}, { retryAfter: '2' }, { rateLimitReset: '3' }, { retryAfter: 'soon' }]) {
        await fault(world, { kind: '429', count: 2, ...limit });
      }
      await untilUsed(world);
      return { restMs: REST_AFTER_BACKOFF_MS };
    },
  },
  {
    name: 'Datadog in a storm of 500 and 503 is probed, and then gets all',
    group: 'datadog',
    core: true,
    async run(world) {
      await warm(world);
      await fault(world, { kind: '503', count: 3 });
      await fault(world, { kind: '500', count: null });
      await untilState(world, 'failing');
      const before = await counts(world);
      // Access is no matter of Datadog's.
      await world.answered(60);
      const during = await counts(world);
      expect(during.logs).toBe(before.logs);
      await endStorm(world);
      return { restMs: REST_AFTER_BACKOFF_MS };
    },
  },
  {
    name: 'Datadog reads requests and never answers',
    group: 'datadog',
    async run(world) {
      await warm(world);
      await fault(world, { kind: 'hang', count: 4 });
      await untilUsed(world);
      await world.answered(50);
      return { restMs: REST_AFTER_BACKOFF_MS };
    },
  },
  {
    name: 'Datadog cuts the line in mid-body',
    group: 'datadog',
    async run(world, dice) {
      await warm(world);
      await fault(world, { kind: 'reset', count: 4 });
      await untilUsed(world);
      // And the line itself, whatever is on it just then.
      for (let round = 0; round < 5; round++) {
        await world.answered(dice.between(10, 40));
        world.stack.cables?.datadog.reset();
      }
      return { restMs: REST_AFTER_BACKOFF_MS };
    },
  },
  {
    name: 'Datadog stores requests and the answers are lost: each copy is counted',
    group: 'datadog',
    async run(world) {
      await warm(world);
      await fault(world, { kind: 'lose-answer', count: 3 });
      await untilUsed(world);
      await until(
        'the ledger counts what may be stored twice',
        async () => (await count(world, 'SELECT coalesce(sum(uncertain), 0) FROM delivery_batch')) >= 3,
      );
      return { restMs: REST_AFTER_BACKOFF_MS };
    },
  },
  {
    name: 'Datadog says 202 and stores nothing: only those requests are missing, where nothing is read back',
    group: 'datadog',
    async run(world) {
      await warm(world);
      await fault(world, { kind: 'drop', count: 2 });
      await untilUsed(world);
      await world.answered(50);
      // Not promised without read-back: the ledger says `accepted`, never `observed`.
      expect(await count(world, `SELECT count(*) FROM delivery_batch WHERE state = 'observed'`)).toBe(0);
      return { droppedRequests: 2 };
    },
  },
  {
    name: 'Datadog revokes the key and takes it again: paused, then resumed by itself',
    group: 'datadog',
    async run(world, dice) {
      await warm(world);
      const began = Date.now();
      await fault(world, { kind: dice.pick(['401', '403']), count: null });
      await untilState(world, 'paused');
      await world.shows({ app: 'forwarder', check: 'paused', reason: /40[13]/, remedy: /DD_API_KEY/ }, began);
      const asked = (await counts(world)).requests ?? 0;
      await world.answered(100);
      // A refused key is not hammered: at most what was under way, and a probe or two.
      expect(((await counts(world)).requests ?? 0) - asked).toBeLessThan(10);
      await endStorm(world);
      return { restMs: REST_AFTER_BACKOFF_MS };
    },
  },
  {
    name: 'Datadog finds requests too large: they are halved, nothing is dropped',
    group: 'datadog',
    async run(world) {
      await warm(world);
      // Gathered behind a cut line, so that there is something to halve.
      world.stack.cables?.datadog.set('cut');
      await world.answered(300);
      await command(world.stack, "SELECT 'halving'");
      await world.answered(100);
      // Not the next request, whichever it is: an event that is too large all alone would rightly be a dead letter.
      await fault(world, {
        kind: '413-for-query',
        count: 3,
        query: '@evt.name:command.issued @db.statement:*halving*',
      });
      world.stack.cables?.datadog.set('pass');
      await untilUsed(world);
      await until(
        'one is halved',
        async () => (await count(world, `SELECT count(*) FROM delivery_batch WHERE state = 'split'`)) > 0,
      );
      return { restMs: REST_AFTER_BACKOFF_MS };
    },
  },
  {
    name: 'Datadog refuses one poison event for ever: it alone is a dead letter, with the reason',
    group: 'datadog',
    core: true,
    async run(world) {
      await warm(world);
      await fault(world, { kind: '400-for-query', query: '@evt.name:command.issued @db.statement:*poison*' });
      await command(world.stack, "SELECT 'poison'");
      const letter = await until('a dead letter', async () => {
        const [row] = await world.stack.query<{ reason: string; type: string; body: string }>(
          'SELECT d.reason, d.body, e.type FROM dead_letter d JOIN event e USING (position)',
        );
        return row;
      });
      expect(letter.type).toBe('command.issued');
      expect(letter.body).toContain('poison');
      expect(letter.reason).toContain('400');
      await world.shows(
        { app: 'forwarder', check: 'dead-letters', reason: /refuses 1 events/, remedy: /affidavit deadletters list/ },
        0,
      );
      await world.answered(50);
      return { deadLetters: 1 };
    },
  },
  {
    name: 'Datadog is away for long while clients go on',
    group: 'datadog',
    async run(world) {
      await warm(world);
      world.stack.cables?.datadog.set('cut');
      const began = Date.now();
      await world.keepsAnswering(20_000);
      expect(await destinationState(world)).toBe('failing');
      await world.shows({ app: 'forwarder', check: 'failing', reason: /./, remedy: /goes on by itself/ }, began);
      world.stack.cables?.datadog.set('pass');
      return { restMs: REST_AFTER_BACKOFF_MS };
    },
  },
  {
    name: 'Datadog comes back when events are past 18 hours: none is dropped by its date',
    group: 'datadog',
    async run(world) {
      await warm(world);
      await world.stack.kill('forwarder');
      await world.answered(100);
      await world.load.stop();
      // Twenty hours later, by the clocks of both ends of that line.
      const later = clockOff(20 * 3600_000);
      await world.stack.kill('datadog', 'SIGTERM');
      await world.stack.run('datadog', later);
      await world.stack.run('forwarder', later);
      await until('what waited arrives late', async () => (await lateAndPrompt(world)).late > 100, 30_000);
      expect((await counts(world)).droppedByDate).toBe(0);
      return undefined;
    },
  },
  {
    name: 'Datadog gets no false date from a forwarder whose clock is 90 minutes off',
    group: 'datadog',
    async run(world, dice) {
      await warm(world);
      await world.stack.kill('forwarder');
      await world.stack.run('forwarder', clockOff(dice.pick([-90, 90]) * 60_000));
      await world.answered(200);
      await until('it delivers', async () => (await counts(world)).accepted! > 3);
      // The intake's own clock corrects it, so that nothing looks late and nothing is dropped.
      expect((await counts(world)).droppedByDate).toBe(0);
      expect((await lateAndPrompt(world)).late).toBe(0);
      await world.shows({ app: 'forwarder', check: 'clock', reason: /90 min/, remedy: /NTP/ });
      return undefined;
    },
  },
  {
    name: 'Datadog takes long over every answer, also longer than a request may last',
    group: 'datadog',
    async run(world) {
      await warm(world);
      await fault(world, { kind: 'slow', delayMs: 2000, count: 6 });
      await fault(world, { kind: 'slow', delayMs: 7000, count: 3 });
      await untilUsed(world);
      await world.answered(50);
      return { restMs: REST_AFTER_BACKOFF_MS };
    },
  },
  {
    name: 'Datadog gets no request above its limits however much gathered behind an outage',
    group: 'datadog',
    async run(world) {
      await warm(world);
      world.stack.cables?.datadog.set('cut');
      const client = new pg.Client(world.stack.agent);
      await client.connect();
      try {
        // 400 statements of 40 KB: together far above one request's bytes, far below its count.
        for (let i = 0; i < 400; i++) await patiently(client, `SELECT ${i}, length('${'x'.repeat(40_000)}')`);
      } finally {
        await client.end();
      }
      const before = await counts(world);
      world.stack.cables?.datadog.set('pass');
      await until(
        'the statements arrive',
        async () => ((await counts(world)).logs ?? 0) > (before.logs ?? 0) + 400,
        60_000,
      );
      expect((await counts(world)).refused).toBe(before.refused);
      expect(await count(world, `SELECT count(*) FROM delivery_batch WHERE state = 'split'`)).toBe(0);
      return { restMs: REST_AFTER_BACKOFF_MS };
    },
  },
];
