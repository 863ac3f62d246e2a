import { readFileSync, writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import pg from 'pg';
import { makeVerifier } from '#platform';
import { RawPostgres, say } from '../../support/raw-postgres.js';
import { until } from '../../support/servers.js';
import type { Stack } from '../../support/stack.js';
import type { FaultCase } from '../case.js';
import type { Dice } from '../dice.js';

const MIB = 1024 ** 2;
const FLOOD_TOKEN = 'afd_test_token_of_the_flood';

const sqlstate = (error: unknown): string => (error as { code?: string }).code ?? String(error);

function agentUrl(stack: Stack): string {
  const { user, password, port, database } = stack.agent;
  return `postgres://${user}:${password as string}@127.0.0.1:${port}/${database}`;
}

async function client(stack: Stack, config: pg.ClientConfig = {}): Promise<pg.Client> {
  const one = new pg.Client({ ...stack.agent, ...config });
  one.on('error', () => undefined);
  await one.connect();
  return one;
}

function randomBytes(dice: Dice, count: number, from = 0): Buffer {
  return Buffer.from(Array.from({ length: count }, () => dice.between(from, 255)));
}

async function memoryOf(stack: Stack): Promise<number> {
  const pid = stack.processes.get('gateway')?.pid;
  const pages = Number(readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ')[1]);
  return pages * 4096;
}

/** Statements as the record has them: with what encoding, and how long they were. */
async function recordedStatements(stack: Stack): Promise<{ text?: string; base64?: string; bytes: number }[]> {
  const rows = await stack.query<{ body: Buffer }>(
    `SELECT body FROM event WHERE type = 'command.issued' ORDER BY position`,
  );
  return rows.map(({ body }) => {
    const { data } = JSON.parse(body.toString('utf8')) as {
      data: { statement: { text?: string; base64?: string; bytes: number } };
    };
    return data.statement;
  });
}

/** The gateway is the process that it was: nothing that came in brought it down. */
async function expectAlive(stack: Stack, pid: number | undefined): Promise<void> {
  const gateway = stack.processes.get('gateway');
  expect({ pid: gateway?.pid, code: gateway?.exitCode, signal: gateway?.signalCode }).toEqual({
    pid,
    code: null,
    signal: null,
  });
}

/** How many statements a client gets answered in so many ms, and the longest one. */
async function pace(one: pg.Client, ms: number): Promise<{ count: number; longestMs: number }> {
  const end = performance.now() + ms;
  let count = 0;
  let longestMs = 0;
  while (performance.now() < end) {
    const from = performance.now();
    await one.query('SELECT 1');
    longestMs = Math.max(longestMs, performance.now() - from);
    count += 1;
  }
  return { count, longestMs };
}

export const INPUT_CASES: FaultCase[] = [
  {
    name: 'oversized statements are refused before a byte goes on, large ones are recorded whole; others go on',
    group: 'input',
    async run(world) {
      const { stack } = world;
      const pid = stack.processes.get('gateway')?.pid;
      await world.answered(10);
      const one = await client(stack);
      for (const bytes of [17 * MIB, 64 * MIB]) {
        await expect(one.query(`SELECT length('${'x'.repeat(bytes)}')`).catch(sqlstate)).resolves.toBe('54000');
        // The session goes on.
        await one.query('SELECT 1');
        await world.answered(10);
      }
      for (const bytes of [3 * MIB, 15 * MIB]) {
        const answer = await one.query<{ length: number }>(`SELECT length('${'y'.repeat(bytes)}')`);
        expect(answer.rows[0]?.length).toBe(bytes);
        await world.answered(10);
      }
      await one.end();
      await expectAlive(stack, pid);
      await until(
        'the large ones are on the record, with their whole length, the oversized ones are not',
        async () => {
          const large = (await recordedStatements(stack)).map(({ bytes }) => bytes).filter((bytes) => bytes > MIB);
          return JSON.stringify(large) === JSON.stringify([3 * MIB + 17, 15 * MIB + 17]);
        },
        30_000,
      );
      return undefined;
    },
  },
  {
    name: 'statements that are binary garbage are recorded as they are and harm nobody',
    group: 'input',
    core: true,
    async run(world, dice) {
      const { stack } = world;
      const pid = stack.processes.get('gateway')?.pid;
      const raw = await RawPostgres.login(agentUrl(stack));
      const sent: Buffer[] = [];
      for (let i = 0; i < 100; i++) {
        const garbage = randomBytes(dice, dice.between(1, 400), 1);
        sent.push(garbage);
        raw.send(say.query(Buffer.concat([garbage, Buffer.from([0])])));
        const answers = await raw.untilReady();
        expect(answers.at(-1)?.type).toBe('Z');
      }
      raw.close();
      // Messages that are no messages of a client at all end that session, and that one only.
      for (let i = 0; i < 30; i++) {
        const one = await RawPostgres.login(agentUrl(stack));
        one.send(randomBytes(dice, dice.between(5, 2000)));
        await new Promise((resolve) => setTimeout(resolve, 10));
        one.close();
      }
      await world.answered(30);
      await expectAlive(stack, pid);
      await until(
        'each of them is on the record, byte by byte',
        async () => {
          const found = new Set(
            (await recordedStatements(stack)).map(({ text, base64 }) =>
              (base64 === undefined ? Buffer.from(text ?? '') : Buffer.from(base64, 'base64')).toString('hex'),
            ),
          );
          return sent.every((garbage) => found.has(garbage.toString('hex')));
        },
        30_000,
      );
      return undefined;
    },
  },
  {
    name: 'JSON that is a hundred thousand levels deep, as statement and as parameter, crashes no parser on the way',
    group: 'input',
    async run(world) {
      const { stack } = world;
      const pids = [...stack.processes].map(([app, child]) => [app, child.pid]);
      const deep = [
        '['.repeat(100_000) + ']'.repeat(100_000),
        `${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}`,
        '['.repeat(1_000_000),
      ];
      const one = await client(stack);
      for (const json of deep) {
        const answer = await one.query('SELECT length($1) AS n', [json]);
        expect(answer.rows[0].n).toBe(json.length);
        expect((await one.query(`SELECT length('${json}') AS n`)).rows[0].n).toBe(json.length);
        // What the target makes of it is the target's: 54001, its stack is too deep.
        await expect(one.query('SELECT $1::json', [json]).catch(sqlstate)).resolves.toMatch(/^(54001|22P02)$/);
        await one.query(json).catch(sqlstate);
        await world.answered(10);
      }
      await one.end();
      await until(
        'they are recorded',
        async () => (await recordedStatements(stack)).filter((s) => s.text?.startsWith('[[[[')).length >= 2,
        30_000,
      );
      expect([...stack.processes].map(([app, child]) => [app, child.pid])).toEqual(pids);
      for (const child of stack.processes.values()) expect(child.exitCode).toBeNull();
      return undefined;
    },
  },
  {
    name: 'random bytes instead of a greeting, from many clients, disturb nobody',
    group: 'input',
    async run(world, dice) {
      const { stack } = world;
      const pid = stack.processes.get('gateway')?.pid;
      await world.answered(10);
      for (let round = 0; round < 4; round++) {
        const sockets = Array.from({ length: 100 }, (_, at) => {
          const greeting = randomBytes(dice, dice.between(1, 600));
          // Half of them say a length that could be one.
          if (at % 2 === 0 && greeting.length >= 4) greeting.writeUInt32BE(dice.between(0, 20_000), 0);
          if (at % 4 === 0 && greeting.length >= 8) greeting.writeUInt32BE(0x0003_0000, 4);
          return garbler(stack, greeting);
        });
        await world.answered(30);
        for (const socket of sockets) socket.destroy();
      }
      await world.answered(30);
      await expectAlive(stack, pid);
      return undefined;
    },
  },
  {
    name: 'clients that send half a message and stay hold up nobody, not even an orderly stop',
    group: 'input',
    async run(world) {
      const { stack } = world;
      await world.answered(10);
      const before = await memoryOf(stack);
      const half: (RawPostgres | Socket)[] = [];
      for (let i = 0; i < 20; i++) {
        const raw = await RawPostgres.login(agentUrl(stack));
        const whole = say.query(`SELECT '${'z'.repeat(i % 2 === 0 ? 100 : 10 * MIB)}'`);
        // The header promises all of it.
        raw.send(whole.subarray(0, i % 2 === 0 ? 50 : 3 * MIB));
        half.push(raw, garbler(stack, Buffer.from([0, 0, 0, 80, 0, 3])));
      }
      await world.answered(100);
      // 10 × 3 MiB lie there; not 10 × 10, and no copies of copies.
      expect((await memoryOf(stack)) - before).toBeLessThan(200 * MIB);
      const from = Date.now();
      await stack.kill('gateway', 'SIGTERM');
      expect(Date.now() - from).toBeLessThan(20_000);
      for (const one of half) 'close' in one ? one.close() : one.destroy();
      await stack.run('gateway');
      await world.answered(20);
      // None of the halves was a command.
      expect((await recordedStatements(stack)).filter(({ text }) => text?.includes('zzz'))).toEqual([]);
      return undefined;
    },
  },
  {
    name: 'a flood from one agent leaves another its turn, and nothing of the flood is lost',
    group: 'input',
    async run(world) {
      const { stack } = world;
      const file = join(stack.folder, 'affidavit.yaml');
      writeFileSync(
        file,
        readFileSync(file, 'utf8').replace(
          'connections:',
          `  - id: flood\n    kind: agent\n    name: Flood\n    tokens:\n      - id: t1\n        verifier: "${makeVerifier(FLOOD_TOKEN)}"\nconnections:`,
        ),
      );
      await until('the policy is in force', () => stack.log('gateway').includes('policy changed'));
      await world.load.stop();
      const quiet = await client(stack);
      const alone = await pace(quiet, 2000);

      let isOver = false;
      let flooded = 0;
      const flood = Array.from({ length: 16 }, async () => {
        const one = await client(stack, { user: 'flood', password: FLOOD_TOKEN });
        while (!isOver) {
          // Not one after the other: as much as the connection takes.
          await Promise.all(Array.from({ length: 20 }, () => one.query(`SELECT 'flood'`)));
          flooded += 20;
        }
        await one.end();
      });
      await until('the flood is there', () => flooded > 200, 20_000);
      const beside = await pace(quiet, 5000);
      isOver = true;
      await Promise.all(flood);
      await quiet.end();
      // A fair share among 17 would be a seventeenth; what is measured on two busy cores is several times that.
      expect({ alone, beside, isFair: beside.count / 5 > alone.count / 2 / 40 }).toMatchObject({ isFair: true });
      expect(beside.longestMs).toBeLessThan(3000);
      await until(
        'the flood is recorded, all of it',
        async () => {
          const [count] = await stack.query<{ n: number }>(
            `SELECT count(*)::int AS n FROM event WHERE type = 'command.issued' AND identity_id = 'flood'`,
          );
          return count?.n === flooded;
        },
        60_000,
      );
      return { restMs: 90_000 };
    },
  },
];

/** A connection that says something and stays open. */
function garbler(stack: Stack, greeting: Buffer): Socket {
  const socket = connect({ host: '127.0.0.1', port: stack.ports.gateway });
  socket.on('error', () => undefined);
  socket.write(greeting);
  return socket;
}
