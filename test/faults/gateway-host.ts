import { readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import pg from 'pg';
import type { Epoch } from '#events';
import { until } from '../support/servers.js';
import type { Stack } from '../support/stack.js';
import type { Allowance, World } from './world.js';

interface GatewayStatus {
  epoch: Epoch;
  spool: { unconfirmedCount: number; state: string; bytes: number };
  sender: { epochs: { epoch: Epoch }[] };
}

/** Where the gateway's key, pins and spool lie. */
export const gatewayFolder = (stack: Stack): string => join(stack.folder, 'data', 'gateway', 'test-node');
export const spoolFolder = (stack: Stack): string => join(gatewayFolder(stack), 'spool');

/** Deletes the spool, also under a gateway that makes files in it meanwhile: out of its reach first. */
export function loseSpool(stack: Stack): void {
  const lost = `${spoolFolder(stack)}-lost`;
  renameSync(spoolFolder(stack), lost);
  rmSync(lost, { recursive: true });
}

export async function gatewayStatus(stack: Stack): Promise<GatewayStatus> {
  return (await fetch(`http://127.0.0.1:${stack.ports.gatewayAdmin}/status`).then((a) => a.json())) as GatewayStatus;
}

/** What makes a process load a module of `test/support` before its program, to put a fault of the machine under it. */
export function preloaded(name: 'dying-at-step' | 'failing-sync' | 'full-disk' | 'shifted-clock'): {
  NODE_OPTIONS: string;
} {
  return { NODE_OPTIONS: `--import ${new URL(`../support/${name}.mjs`, import.meta.url).href}` };
}

/** All segments, in the order in which they were written. */
export function segments(stack: Stack): string[] {
  const folder = spoolFolder(stack);
  return readdirSync(folder)
    .filter((name) => /^\d{8}-/.test(name))
    .sort()
    .flatMap((name) =>
      readdirSync(join(folder, name))
        .filter((file) => file.endsWith('.seg'))
        .sort()
        .map((file) => join(folder, name, file)),
    );
}

/** What the spool takes of the disk, as `du` would say. */
export function spoolDiskBytes(stack: Stack): number {
  return readdirSync(spoolFolder(stack), { recursive: true, encoding: 'utf8' })
    .map((name) => statSync(join(spoolFolder(stack), name), { throwIfNoEntry: false })?.blocks ?? 0)
    .reduce((sum, blocks) => sum + blocks * 512, 0);
}

/** What a new client is told: 'ok' or the SQLSTATE. */
export async function knock(stack: Stack): Promise<string> {
  const client = new pg.Client({ ...stack.agent, connectionTimeoutMillis: 5000 });
  client.on('error', () => undefined);
  try {
    await client.connect();
    await client.query('SELECT 1');
    return 'ok';
  } catch (error) {
    return sqlstate(error);
  } finally {
    await client.end().catch(() => undefined);
  }
}

/** A client that stays, to see what becomes of a session that is open when the fault comes. */
export async function guest(stack: Stack): Promise<pg.Client> {
  const client = new pg.Client(stack.agent);
  client.on('error', () => undefined);
  await client.connect();
  return client;
}

export const sqlstate = (error: unknown): string => (error as { code?: string }).code ?? String(error);

export async function expectReady(stack: Stack, isReady: boolean): Promise<void> {
  await until(
    `the gateway says that it is ${isReady ? '' : 'not '}ready`,
    async () => (await fetch(`${stack.adminUrl('gateway')}/readyz`)).ok === isReady,
  );
}

/** No process was killed: then each admitted command has its outcome. */
export async function expectOutcomes(stack: Stack): Promise<void> {
  await until(
    'every command has its outcome on the record',
    async () => {
      const [counts] = await stack.query<{ issued: number; completed: number }>(
        `SELECT count(*) FILTER (WHERE type = 'command.issued')::int AS issued,
                count(*) FILTER (WHERE type = 'command.completed')::int AS completed FROM event`,
      );
      return counts && counts.issued > 0 && counts.issued === counts.completed;
    },
    30_000,
  );
}

/** Stops the load and waits until the gateway holds nothing that the record does not. */
export async function handOver(world: World): Promise<void> {
  await world.load.stop();
  await until(
    'the record has all of the spool',
    async () => (await gatewayStatus(world.stack)).spool.unconfirmedCount === 0,
    30_000,
  );
}

/** What the record says that it will never have. */
export interface Hole {
  node: string;
  epoch: string;
  from: number;
  to: number;
  /** Who says so: the producer that no longer has it, or a person. */
  by: string;
}

/**
 * Allows just the holes that the record itself names, to the number: any other break in an epoch stays a fault. The rest has
 * to have come, so this waits until everything is recorded.
 */
export async function declaredHoles(world: World): Promise<{ allowance: Allowance; events: number; holes: Hole[] }> {
  await handOver(world);
  const rows = await world.stack.query<{ node: string; epoch: string; seq: string; body: Buffer }>(
    `SELECT node, epoch, seq, body FROM event WHERE type = 'producer.lost' ORDER BY position`,
  );
  const faults: string[] = [];
  const holes: Hole[] = [];
  for (const row of rows) {
    const { data } = JSON.parse(row.body.toString('utf8')) as { data: Hole };
    holes.push(data);
    const epoch = `${data.node}/${data.epoch}`;
    faults.push(`${row.node}/${row.epoch}.${row.seq} is producer.lost`);
    faults.push(`${epoch}: ${data.to + 1} follows ${data.from - 1}`);
    faults.push(`${epoch}: the chain of the stored bytes is not the mark's`);
  }
  const events = holes.reduce((sum, { from, to }) => sum + to - from + 1, 0);
  return { allowance: { faults, unrecorded: events }, events, holes };
}

export async function flush(stack: Stack): Promise<void> {
  const redis = new Redis(stack.redis.url);
  await redis.flushall();
  redis.disconnect();
}
