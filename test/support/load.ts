import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import type { Stack } from './stack.js';

const AGENTS = 4;

/** Never given out twice, whichever load asks. */
let nextNumber = 1;

/**
 * Agents that insert numbered rows through the gateway until told to stop, reconnecting whenever they are cut off.
 * Simple and extended protocol take turns. `acknowledged` has each number whose insert was answered with success.
 */
export class Load {
  readonly acknowledged = new Set<number>();
  readonly attempted = new Set<number>();
  /** Each agent rests so long between two commands. */
  pauseMs = 0;
  private running = false;
  private agents: Promise<void>[] = [];

  constructor(private readonly stack: Stack) {
    this.start();
  }

  /** Goes on, and with the same counts; nothing where it runs. */
  start(): void {
    if (this.running) return;
    this.running = true;
    this.agents = Array.from({ length: AGENTS }, () => this.work());
  }

  async stop(): Promise<void> {
    this.running = false;
    await Promise.all(this.agents);
  }

  private async work(): Promise<void> {
    while (this.running) {
      const client = new pg.Client({ ...this.stack.agent, connectionTimeoutMillis: 5000 });
      // A cut connection is what these tests are about; the loop connects again.
      client.on('error', () => undefined);
      try {
        await client.connect();
        while (this.running) {
          const number = nextNumber++;
          this.attempted.add(number);
          if (number % 2 === 0) await client.query(`INSERT INTO effect VALUES (${number})`);
          else await client.query('INSERT INTO effect VALUES ($1)', [number]);
          this.acknowledged.add(number);
          if (this.pauseMs > 0) await sleep(this.pauseMs);
        }
      } catch {
        await sleep(50);
      } finally {
        await client.end().catch(() => undefined);
      }
    }
  }
}

/** One command besides the load, through the gateway. */
export async function command(stack: Pick<Stack, 'agent'>, text: string): Promise<void> {
  const client = new pg.Client(stack.agent);
  await client.connect();
  try {
    await client.query(text);
  } finally {
    await client.end();
  }
}

/** Numbers of the rows that the target really holds, asked past the gateway. */
export async function effects(stack: Stack): Promise<number[]> {
  const rows = await stack.query<{ id: number }>('SELECT id FROM effect ORDER BY id', [], stack.targetUrl);
  return rows.map((row) => row.id);
}

/** The numbers that a recorded command would insert. */
export function numbersIn(commands: string[]): Map<number, number> {
  const found = new Map<number, number>();
  for (const command of commands) {
    const match =
      /^INSERT INTO effect VALUES \((\d+)\)$/.exec(command) ??
      /^INSERT INTO effect VALUES \(\$1\)\|(\d+)$/.exec(command);
    if (match) found.set(Number(match[1]), (found.get(Number(match[1])) ?? 0) + 1);
  }
  return found;
}
