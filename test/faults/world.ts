import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { createPool, rebuildCommands, rebuildSessions } from '#record';
import { copiesIn, judgeRecord, recordedCommands } from '../support/invariants.js';
import { effects, Load, numbersIn } from '../support/load.js';
import { until } from '../support/servers.js';
import { type AppName, Stack, type StackOptions } from '../support/stack.js';
import { expectNoTrouble, expectSign, type Sign } from './signs.js';

/** What one case counted, for the report. */
export interface Tally {
  sent: number;
  executed: number;
  recorded: number;
  delivered: number;
  duplicates: number;
  lost: number;
  foreign: number;
  deadLetters: number;
}

/** What a case expects besides the rule, because its fault makes it so. Each is a named exception, never a wish. */
export interface Allowance {
  /** Sentences of judgeRecord that may appear, by what they contain. */
  faults?: string[];
  /** Recorded events that may be missing at Datadog: they stand in dead letters. */
  deadLetters?: number;
  /** Requests that Datadog took and lost without a word: their events, and no others, are missing there. */
  droppedRequests?: number;
  /** Postgres went back to an older copy, so that a batch's number and attempt may have been given twice. */
  restored?: boolean;
  /** Executed commands whose event may be gone with a disk: no more than the named holes hold, or than the case bounds. */
  unrecorded?: number;
  /** Nothing made an answer of Datadog uncertain: not one event may be there twice. */
  exactlyOnce?: boolean;
  /** How long the record and Datadog may take to come to rest after the fault ended. */
  restMs?: number;
}

const APPS: AppName[] = ['gateway', 'recorder', 'forwarder', 'api', 'datadog'];

/** The whole product under load from real clients, with every line to a server in the hands of a case. */
export class World {
  readonly stack: Stack;
  readonly load: Load;
  private readonly usedBefore: Map<AppName, Used | undefined>;
  /** Size of the log when all of it was delivered. It grows by itself, if only by checkpoints. */
  private restedAt = '0';
  /** When the first of several faults began. */
  hurtAtMs = Number.POSITIVE_INFINITY;

  private constructor(stack: Stack) {
    this.stack = stack;
    this.load = new Load(stack);
    this.usedBefore = new Map(APPS.map((app) => [app, used(stack, app)]));
  }

  static async start(options: StackOptions = {}): Promise<World> {
    const stack = await Stack.start({
      separateTarget: true,
      cables: true,
      ...options,
      // Scaled by configuration: what takes half a minute or more in production takes seconds here. Verification has its own cases.
      env: { AFFIDAVIT_FORWARDER_LEASE: '5s', AFFIDAVIT_VERIFY_RATE: '100', ...options.env },
    });
    await stack.query('CREATE TABLE effect (id integer PRIMARY KEY)', [], stack.targetUrl);
    return new World(stack);
  }

  /** Lets the load go on, without rests, until so many more commands were answered with success. */
  async answered(more: number, withinMs = 30_000): Promise<void> {
    const { load } = this;
    const { pauseMs } = load;
    load.pauseMs = 0;
    try {
      await this.moreAnswers(more, withinMs);
    } finally {
      load.pauseMs = pauseMs;
    }
  }

  /** Lets the load go on at its pace for so long, and sees it answered all the while. */
  async keepsAnswering(ms: number): Promise<void> {
    for (const end = Date.now() + ms; Date.now() < end; ) await this.moreAnswers(20, 30_000);
  }

  private async moreAnswers(more: number, withinMs: number): Promise<void> {
    const goal = this.load.acknowledged.size + more;
    await until(`${more} more commands are answered`, () => this.load.acknowledged.size >= goal, withinMs);
  }

  /** Whoever looks while it lasts sees each of these. See {@link expectSign}. */
  async shows(signs: Sign | Sign[], beganAtMs?: number): Promise<void> {
    // What a fault before this one brought about may be what is still to be seen.
    const since = beganAtMs === undefined ? undefined : Math.min(beganAtMs, this.hurtAtMs);
    for (const sign of [signs].flat()) await expectSign(this.stack, sign, since);
  }

  /** kill -9 and start again. */
  async crash(app: AppName): Promise<void> {
    await this.stack.kill(app, 'SIGKILL');
    await this.stack.run(app);
  }

  /**
   * The rule after every fault, judged from outside: what the target executed has its event (I4), once; each epoch is in order, positions
   * are gapless, hashes agree (I1–I3); every recorded event is at Datadog or a dead letter (I5), copies beyond one are marked as
   * later attempts (I6); the sessions table and the index of commands equal a rebuild (I7); files, memory, connections and what Redis holds are back to normal (I8); no secret is
   * anywhere (I9). Nobody helped (I10).
   */
  async expectInvariants(allowance: Allowance = {}): Promise<Tally> {
    const { stack, load } = this;
    await load.stop();
    await this.untilRecorded(allowance);
    await this.rest(allowance.restMs ?? 60_000);

    const logs = await stack.delivered();
    const judgement = await judgeRecord(stack, logs);
    const unexpected = judgement.faults.filter((fault) => !allowance.faults?.some((part) => fault.includes(part)));
    expect(unexpected).toEqual([]);

    const recorded = numbersIn(await recordedCommands(stack));
    const executed = await effects(stack);
    const unrecorded = executed.filter((id) => !recorded.has(id));
    if (allowance.unrecorded === undefined) expect(unrecorded).toEqual([]);
    else expect(unrecorded.length).toBeLessThanOrEqual(allowance.unrecorded);
    expect([...load.acknowledged].filter((id) => !executed.includes(id))).toEqual([]);
    expect([...recorded].filter(([, times]) => times !== 1)).toEqual([]);

    const { copies, letters } = await this.expectDelivered(allowance, logs);
    if (allowance.exactlyOnce) expect([...copies].filter(([, count]) => count > 1)).toEqual([]);
    await this.expectProjectionsAsRebuilt();
    await this.expectNormalUse();
    await this.expectNoSecrets(logs);
    await expectNoTrouble(stack);

    const [foreign] = await stack.query<{ n: number }>('SELECT count(*)::int AS n FROM foreign_entry');
    return {
      sent: load.attempted.size,
      executed: executed.length,
      recorded: judgement.events,
      delivered: copies.size,
      duplicates: [...copies.values()].reduce((sum, count) => sum + count - 1, 0),
      lost: executed.filter((id) => !recorded.has(id)).length,
      foreign: foreign?.n ?? 0,
      deadLetters: letters,
    };
  }

  async stop(options: { keep?: boolean } = {}): Promise<void> {
    await this.load.stop();
    await this.stack.stop(options);
  }

  /** A head that stands still proves no rest: a producer may wait half a minute before it fills a stream again. */
  private async untilRecorded({ restMs = 60_000, unrecorded = 0 }: Allowance): Promise<void> {
    const executed = await effects(this.stack);
    for (const end = Date.now() + restMs; Date.now() < end; await new Promise((resolve) => setTimeout(resolve, 500))) {
      const recorded = numbersIn(await recordedCommands(this.stack));
      if (executed.filter((id) => !recorded.has(id)).length <= unrecorded) return;
    }
  }

  /** Until the head has stood still for a while and nothing waits in the ledger. */
  private async rest(withinMs: number): Promise<void> {
    let last = '';
    let since = Date.now();
    await until(
      'the record and the deliveries rest',
      async () => {
        const [state] = await this.stack.query<{ size: string; open: number; behind: string }>(
          `SELECT size, (SELECT count(*)::int FROM delivery_batch WHERE state IN ('due', 'sending', 'paused', 'doubt')) AS open,
                  (SELECT coalesce(sum(least(coalesce(to_pos, size), size) - next_pos), 0) FROM delivery_range) AS behind FROM log_head`,
        );
        const now = JSON.stringify([String(state?.size), state?.open, String(state?.behind)]);
        if (now !== last) {
          last = now;
          this.restedAt = String(state?.size);
          since = Date.now();
        }
        return Date.now() - since > 2500 && state?.open === 0 && String(state.behind) === '0';
      },
      withinMs,
    );
  }

  private async expectDelivered(
    allowance: Allowance,
    logs: Record<string, unknown>[],
  ): Promise<{ copies: Map<string, number>; letters: number }> {
    const { stack } = this;
    const ids = (
      await stack.query<{ id: string }>(`SELECT epoch || '.' || seq AS id FROM event WHERE position < $1`, [
        this.restedAt,
      ])
    ).map((row) => row.id);
    const dead = new Set(
      (await stack.query<{ id: string }>('SELECT event_id AS id FROM dead_letter')).map((row) => row.id),
    );
    const copies = copiesIn(logs);
    const missing = ids.filter((id) => !copies.has(id) && !dead.has(id));
    if (allowance.droppedRequests) expect(await this.batchesOf(missing)).toBe(allowance.droppedRequests);
    else expect(missing).toEqual([]);
    expect(dead.size).toBeLessThanOrEqual(allowance.deadLetters ?? 0);
    const seen = new Map<string, Set<string>>();
    for (const { evt, delivery } of logs as { evt: { id: string }; delivery: { batch: string; attempt: string } }[]) {
      const attempts = seen.get(evt.id) ?? new Set();
      attempts.add(`${delivery.batch}/${delivery.attempt}`);
      seen.set(evt.id, attempts);
    }
    // A second copy is honest only as another attempt: two under one attempt would be two requests that claim to be one.
    if (!allowance.restored) expect([...copies].filter(([id, count]) => seen.get(id)?.size !== count)).toEqual([]);
    return { copies, letters: dead.size };
  }

  /** How many requests these events went in. */
  private async batchesOf(ids: string[]): Promise<number> {
    const [row] = await this.stack.query<{ n: number }>(
      `SELECT count(DISTINCT b.id)::int AS n FROM event e
         JOIN delivery_batch b ON e.position >= b.from_pos AND e.position < b.to_pos AND b.state = 'accepted'
        WHERE e.epoch || '.' || e.seq = ANY($1)`,
      [ids],
    );
    return row?.n ?? 0;
  }

  private async expectProjectionsAsRebuilt(): Promise<void> {
    await until('the projections have read all', async () => {
      const [at] = await this.stack.query<{ done: boolean }>(
        `SELECT (SELECT position FROM projection WHERE name = 'sessions') >= (SELECT size FROM log_head) - 1
            AND (SELECT position FROM projection WHERE name = 'commands') > (SELECT size FROM log_head) - 64 AS done`,
      );
      return at?.done;
    });
    const [words] = await this.stack.query<{ position: string }>(
      `SELECT position FROM projection WHERE name = 'commands'`,
    );
    const read = async () => [
      await this.stack.query('SELECT * FROM session ORDER BY id'),
      await this.stack.query(
        `SELECT * FROM command_words WHERE block < ${words?.position} / 64 ORDER BY block, partition`,
      ),
    ];
    const before = await read();
    const pool = createPool(this.stack.recordUrl, { applicationName: 'faults' });
    try {
      await rebuildSessions(pool);
      await rebuildCommands(pool);
    } finally {
      await pool.end();
    }
    expect(await read()).toEqual(before);
  }

  /** Whatever gathered during a fault has gone: files, memory, connections, entries, wake-ups. */
  private async expectNormalUse(): Promise<void> {
    const { stack } = this;
    const tooMany: string[] = [];
    const judge = (what: string, found: number, most: number) => {
      if (found > most) tooMany.push(`${what}: ${Math.round(found)}, at most ${most} are normal`);
    };
    for (const app of APPS) {
      const before = this.usedBefore.get(app);
      const after = used(stack, app);
      if (!before || !after) continue;
      judge(`files more of ${app}`, after.files - before.files, 60);
      // The stand-in keeps what it got, by its office.
      if (app !== 'datadog') judge(`MiB more of ${app}`, after.mebibytes - before.mebibytes, 250);
    }
    const [backends] = await stack.query<{ n: number; stuck: number }>(
      `SELECT count(*)::int AS n, (count(*) FILTER (WHERE state LIKE 'idle in transaction%' AND state_change < clock_timestamp() - interval '3 seconds'))::int AS stuck
         FROM pg_stat_activity WHERE application_name LIKE 'affidavit-%'`,
    );
    judge('connections to PostgreSQL', backends?.n ?? 0, 45);
    judge('transactions that nobody ends', backends?.stuck ?? 0, 0);
    const redis = new Redis(stack.redis.url);
    try {
      const streams = (await redis.keys('audit:{*}:*')).filter((key) => !/:(epochs|head)$/.test(key));
      const held = await Promise.all(streams.map((key) => redis.xlen(key)));
      judge(
        'entries in streams',
        held.reduce((sum, one) => sum + one, 0),
        20,
      );
      judge('keys in Redis', await redis.dbsize(), 150);
    } finally {
      redis.disconnect();
    }
    expect(tooMany).toEqual([]);
  }

  private async expectNoSecrets(logs: Record<string, unknown>[]): Promise<void> {
    const secrets = this.stack.secrets;
    const places: [string, string][] = [];
    const folder = join(this.stack.folder, 'logs');
    for (const file of readdirSync(folder)) places.push([file, readFileSync(join(folder, file), 'utf8')]);
    places.push(['delivered', JSON.stringify(logs)]);
    const rows = await this.stack.query<{ t: string }>(
      `SELECT row_to_json(b)::text AS t FROM delivery_batch b UNION ALL SELECT row_to_json(d)::text FROM dead_letter d
        UNION ALL SELECT row_to_json(r)::text FROM read_back r
        UNION ALL SELECT convert_from(body, 'UTF8') FROM event UNION ALL SELECT row_to_json(s)::text FROM session s`,
    );
    places.push(['tables', rows.map((row) => row.t).join('\n')]);
    for (const app of APPS.filter((one) => one !== 'datadog')) {
      const answer = await fetch(`${this.stack.adminUrl(app)}/metrics`);
      places.push([`metrics of ${app}`, await answer.text()]);
    }
    const redis = new Redis(this.stack.redis.url);
    try {
      for (const key of await redis.keys('*')) {
        // A dump may be compressed; jobs are hashes.
        const held = (await redis.type(key)) === 'hash' ? JSON.stringify(await redis.hgetall(key)) : '';
        places.push([`Redis ${key}`, `${held}${(await redis.dumpBuffer(key))?.toString('latin1')}`]);
      }
    } finally {
      redis.disconnect();
    }
    for (const [place, text] of places) {
      for (const [name, secret] of Object.entries(secrets)) {
        expect({ place, name, found: text.includes(secret) }).toEqual({ place, name, found: false });
      }
    }
  }
}

interface Used {
  files: number;
  mebibytes: number;
}

/** What a process holds, by the kernel's word; undefined where it does not run. */
export function used(stack: Stack, app: AppName): Used | undefined {
  const pid = stack.processes.get(app)?.pid;
  try {
    const resident = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
    return { files: readdirSync(`/proc/${pid}/fd`).length, mebibytes: Number(resident?.[1] ?? 0) / 1024 };
  } catch {
    return undefined;
  }
}
