import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import pg from 'pg';

/** A database of this test's own on the run's shared PostgreSQL. */
export interface TestDatabase {
  url: string;
  name: string;
  drop(): Promise<void>;
}

function postgresUrl(): string {
  const url = process.env.TEST_POSTGRES_URL;
  if (!url) throw new Error('no test PostgreSQL: run through jest (test/support/global-setup.ts)');
  return url;
}

/** Makes an empty database. `drop` removes it, also while connections are open. */
export async function testDatabase(): Promise<TestDatabase> {
  const name = `test_${randomBytes(6).toString('hex')}`;
  await asAdmin((admin) => admin.query(`CREATE DATABASE ${name}`));
  const url = new URL(postgresUrl());
  url.pathname = `/${name}`;
  return {
    url: url.href,
    name,
    drop: () => asAdmin((admin) => admin.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`)),
  };
}

async function asAdmin(work: (client: pg.Client) => Promise<unknown>): Promise<void> {
  const client = new pg.Client({ connectionString: postgresUrl() });
  await client.connect();
  try {
    await work(client);
  } finally {
    await client.end();
  }
}

/** URL of the run's shared Redis, in a numbered database of this test's own, emptied first. */
export async function testRedisUrl(): Promise<string> {
  const base = process.env.TEST_REDIS_URL;
  if (!base) throw new Error('no test Redis: run through jest (test/support/global-setup.ts)');
  // Databases are handed out by the server itself, so that workers never share one. 0 holds only the counter.
  const counter = new Redis(base);
  const number = 1 + (((await counter.incr('next-database')) - 1) % 63);
  await counter.quit();
  const url = `${base}/${number}`;
  const own = new Redis(url);
  await own.flushdb();
  await own.quit();
  return url;
}

/** A folder of this test's own. */
export function testFolder(): { path: string; remove(): void } {
  const path = mkdtempSync(join(tmpdir(), 'affidavit-'));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

/** Waits until `check` gives something other than undefined or false; fails with `what` after `timeoutMs`. */
export async function until<T>(
  what: string,
  check: () => Promise<T | undefined | false> | T | undefined | false,
  timeoutMs = 10_000,
): Promise<T> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const value = await check();
    if (value !== undefined && value !== false) return value;
    if (Date.now() > deadline) throw new Error(`waited ${timeoutMs} ms in vain: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
