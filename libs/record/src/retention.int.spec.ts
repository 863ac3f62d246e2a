import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import type pg from 'pg';
import { instantOfMillis } from '#events';
import { leafHash, sha256 } from '#ledger';
import { type Backdated, recordBackdated } from '../../../test/support/backdated.js';
import { type TestDatabase, testDatabase, until } from '../../../test/support/servers.js';
import { explainAbsences } from './absences.js';
import { apiKeyName } from './api-keys.js';
import { type HoldSelection, listHolds, listHoldsOnSession, placeHold, releaseHold } from './holds.js';
import { migrate } from './migrate.js';
import { createPool } from './pool.js';
import { claimReading, endReading } from './reading-claims.js';
import { beginRetentionRun, carryOutRun, findUnfinishedRun, planRetentionAt, readPurges } from './retention.js';
import { raiseRetention } from './retention-policy.js';
import { projectSessions } from './sessions.js';

// Real PostgreSQL. Its clock is the real one: runs are planned as of a time in the past, where their events lie.

const DAY = 86_400_000;
const at = (text: string) => Date.parse(text);
const FLOORS: Record<string, number> = { 'pci-dss': 366, hipaa: 2192, 'sec-17a-4': 2192, 'eu-ai-act': 184 };

let database: TestDatabase;
let pool: pg.Pool;

async function open(): Promise<void> {
  database = await testDatabase();
  pool = createPool(database.url, { applicationName: 'test' });
  await migrate(pool);
}

async function close(): Promise<void> {
  await pool.end();
  await database.drop();
}

/** Whether an event fits a hold: written anew, without SQL. */
function fits(selection: HoldSelection, event: Backdated): boolean {
  const { session, identity, kind, connection, types, outcome, from, to } = selection;
  const within = (ms: number) => (!from || ms >= Date.parse(from)) && (!to || ms < Date.parse(to));
  return (
    (session === undefined || event.session === session) &&
    (identity === undefined || event.identity === identity) &&
    (kind === undefined || event.kind === kind) &&
    (connection === undefined || event.connection === connection) &&
    (types === undefined || types.includes(event.type ?? 'command.issued')) &&
    (outcome === undefined || event.outcome === outcome) &&
    (within(event.atMs) || within(event.occurredMs ?? event.atMs))
  );
}

interface Part {
  name: string;
  class: string;
  fromMs: number;
  toMs: number;
}

async function openPartitions(): Promise<Part[]> {
  const { rows } = await pool.query<{ name: string; class: string; from_at: Date; to_at: Date }>(
    `SELECT name, class, from_at, to_at FROM partition WHERE state = 'open' ORDER BY name`,
  );
  return rows.map((row) => ({ ...row, fromMs: row.from_at.getTime(), toMs: row.to_at.getTime() }));
}

interface Class {
  keepDays: number | null;
  requirements: string[];
}

/** What may go, said without the product: the end of the partition plus the longest time, and no event that a hold fits. */
function expected(
  parts: Part[],
  classes: Map<string, Class>,
  holds: HoldSelection[],
  events: Backdated[],
  atMs: number,
) {
  return parts
    .filter((part) => {
      const policy = classes.get(part.class);
      if (!policy || policy.keepDays === null) return false;
      const days = Math.max(policy.keepDays, ...policy.requirements.map((name) => FLOORS[name]!));
      if (part.toMs + days * DAY > atMs) return false;
      return !events.some(
        (event) =>
          event.class === part.class &&
          event.atMs >= part.fromMs &&
          event.atMs < part.toMs &&
          holds.some((hold) => fits(hold, event)),
      );
    })
    .map((part) => part.name);
}

async function runAt(atMs: number): Promise<{ planned: string[]; report: Record<string, string> }> {
  const run = await beginRetentionRun(pool, 'test', instantOfMillis(atMs));
  const report = (await carryOutRun(pool, run))!;
  return { planned: run.planned, report };
}

async function positionsLeft(): Promise<Set<bigint>> {
  const { rows } = await pool.query<{ position: bigint }>('SELECT position FROM event');
  return new Set(rows.map((row) => row.position));
}

async function outbox(type: string): Promise<Record<string, unknown>[]> {
  const { rows } = await pool.query<{ body: { type: string; data: Record<string, unknown> } }>(
    'SELECT body FROM outbox ORDER BY id',
  );
  return rows.filter((row) => row.body.type === type).map((row) => row.body.data);
}

describe('ten years of retention', () => {
  beforeAll(open);
  afterAll(close);

  it('purge what was planned, month by month, and nothing else; leaf data stays, and says what was purged', async () => {
    const random = fc.sample(fc.infiniteStream(fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true })), {
      numRuns: 1,
      seed: 7,
    })[0]!;
    const dice = (n: number) => Math.floor((random.next().value as number) * n);
    const classes = new Map<string, Class>([
      ['brief', { keepDays: 30, requirements: [] }],
      ['standard', { keepDays: 400, requirements: ['pci-dss'] }],
      ['clinical', { keepDays: 2200, requirements: ['hipaa'] }],
      ['ever', { keepDays: null, requirements: [] }],
    ]);
    for (const [name, { keepDays, requirements }] of classes) {
      await raiseRetention(pool, { name, keepMs: keepDays === null ? null : keepDays * DAY, requirements }, 'test');
    }
    const events: Backdated[] = [];
    const inForce = new Map<string, HoldSelection>();
    let purged = 0;
    let held = 0;
    for (let month = 0; month < 120; month++) {
      const startMs = Date.UTC(2016, month, 1);
      const fresh = ['brief', 'standard', 'clinical', 'ever']
        .flatMap((name) =>
          [1, 2].map(
            (n): Backdated => ({
              class: name,
              atMs: startMs + (n * 9 + dice(8)) * DAY + dice(DAY),
              session: `s-${month}-${name}-${n}`,
              identity: `agent-${dice(4)}`,
              kind: 'agent',
              connection: `c-${dice(3)}`,
              outcome: dice(2) ? 'success' : 'failure',
            }),
          ),
        )
        .sort((a, b) => a.atMs - b.atMs);
      await recordBackdated(pool, fresh);
      events.push(...fresh);
      if (dice(3) === 0) {
        const selection: HoldSelection = [
          { session: events[dice(events.length)]!.session! },
          {
            identity: `agent-${dice(4)}`,
            connection: `c-${dice(3)}`,
            from: instantOfMillis(Date.UTC(2016, dice(month + 1), 1)),
          },
          { to: instantOfMillis(Date.UTC(2016, dice(6), 1)), outcome: 'failure' },
        ][dice(3)]!;
        inForce.set(
          (await placeHold(pool, { selection, matter: `M-${month}`, reason: 'a claim', by: 'test' })).id,
          selection,
        );
      } else if (inForce.size > 0 && dice(4) === 0) {
        const [id] = [...inForce.keys()];
        await releaseHold(pool, id!, { by: 'test', reason: 'settled' });
        // In the simulated past.
        await pool.query('UPDATE hold SET released_at = $2 WHERE id = $1', [id, instantOfMillis(startMs)]);
        inForce.delete(id!);
      }
      const atMs = Date.UTC(2016, month + 1, 1, 3);
      const parts = await openPartitions();
      const want = expected(parts, classes, [...inForce.values()], events, atMs);
      held += expected(parts, classes, [], events, atMs).length - want.length;
      const plan = await planRetentionAt(pool, instantOfMillis(atMs));
      expect(
        plan.partitions
          .filter((one) => one.verdict === 'purge')
          .map((one) => one.name)
          .sort(),
      ).toEqual(want);
      const { planned, report } = await runAt(atMs);
      expect([...planned].sort()).toEqual(want);
      expect(report).toEqual(Object.fromEntries(want.map((name) => [name, 'purged'])));
      expect((await openPartitions()).map((one) => one.name)).toEqual(
        parts.map((one) => one.name).filter((name) => !want.includes(name)),
      );
      purged += want.length;
    }
    expect(purged).toBeGreaterThan(200);
    expect(held).toBeGreaterThan(20);

    // Each position is a row, or its leaf data lies in a purge.
    const left = await positionsLeft();
    const gone = events.length - left.size;
    expect(await explainAbsences(pool, 0n, BigInt(events.length), left)).toEqual({ purged: gone, missing: [] });
    const { rows: leaves } = await pool.query<{ leaf_data: Buffer }>(
      'SELECT leaf_data FROM run ORDER BY first_position',
    );
    expect(new Set(leaves.map((row) => leafHash(row.leaf_data).toString('hex'))).size).toBe(events.length);
    const said = await outbox('retention.purged');
    expect(said).toHaveLength(purged);
    expect(said.reduce((sum, one) => sum + Number(one.count), 0)).toBe(gone);
    // The digest can be made again from leaf data alone.
    const { rows: purges } = await pool.query<{ digest: Buffer; leaves: Buffer[] }>(
      `SELECT digest, ARRAY(SELECT leaf_data FROM run WHERE recorded_at >= from_at AND recorded_at < to_at ORDER BY first_position) AS leaves FROM purge`,
    );
    for (const one of purges) expect(sha256(...one.leaves.map((leaf) => sha256(leaf)))).toEqual(one.digest);
    // What was damaged is not called purged.
    const victim = [...left][0]!;
    left.delete(victim);
    expect((await explainAbsences(pool, 0n, BigInt(events.length), left)).missing).toEqual([victim]);
  }, 120_000);
});

describe('retention', () => {
  beforeEach(open);
  afterEach(close);

  it('does what the rule says for hundreds of random policies, holds and times', async () => {
    const ids = (prefix: string) => fc.constantFrom(`${prefix}-1`, `${prefix}-2`, `${prefix}-3`);
    const instant = fc.integer({ min: 0, max: 1200 }).map((days) => at('2018-01-01T00:00:00Z') + days * DAY);
    const selection = fc
      .record(
        {
          session: ids('s'),
          identity: ids('a'),
          kind: fc.constantFrom('agent', 'human'),
          connection: ids('c'),
          types: fc.subarray(['session.opened', 'command.issued', 'session.closed'], { minLength: 1 }),
          outcome: fc.constantFrom('success', 'failure'),
          range: fc.tuple(instant, fc.integer({ min: 1, max: 400 })),
        },
        { requiredKeys: [] },
      )
      .filter((one) => Object.keys(one).length > 0)
      .map(
        ({ range, ...rest }): HoldSelection =>
          range ? { ...rest, from: instantOfMillis(range[0]), to: instantOfMillis(range[0] + range[1] * DAY) } : rest,
      );
    const event = fc.record({
      atMs: instant,
      skewMs: fc.integer({ min: -40 * DAY, max: 40 * DAY }),
      type: fc.constantFrom('session.opened', 'command.issued', 'session.closed'),
      session: ids('s'),
      identity: ids('a'),
      kind: fc.constantFrom('agent', 'human'),
      connection: ids('c'),
      outcome: fc.constantFrom('success', 'failure'),
    });
    const scenario = fc.record({
      keepDays: fc.integer({ min: 5, max: 500 }),
      requirements: fc.subarray(['pci-dss', 'eu-ai-act']),
      holds: fc.array(selection, { maxLength: 2 }),
      events: fc.array(event, { minLength: 1, maxLength: 4 }),
      atDays: fc.integer({ min: 200, max: 2500 }),
    });
    let verdicts = 0;
    let kept = 0;
    for (const [index, one] of fc.sample(scenario, { numRuns: 250, seed: 11 }).entries()) {
      const name = `c${index}`;
      const keepDays = Math.max(one.keepDays, ...one.requirements.map((each) => FLOORS[each]!));
      await raiseRetention(pool, { name, keepMs: keepDays * DAY, requirements: one.requirements }, 'test');
      const events = one.events
        .sort((a, b) => a.atMs - b.atMs)
        .map(({ skewMs, ...rest }): Backdated => ({ ...rest, class: name, occurredMs: rest.atMs + skewMs }));
      await recordBackdated(pool, events);
      await pool.query('DELETE FROM retention_run');
      await pool.query('ALTER TABLE hold DISABLE TRIGGER USER; DELETE FROM hold; ALTER TABLE hold ENABLE TRIGGER USER');
      for (const hold of one.holds)
        await placeHold(pool, { selection: hold, matter: 'M-1', reason: 'a claim', by: 'test' });
      const atMs = at('2018-01-01T00:00:00Z') + one.atDays * DAY;
      const parts = (await openPartitions()).filter((part) => part.class === name);
      const want = expected(
        parts,
        new Map([[name, { keepDays, requirements: one.requirements }]]),
        one.holds,
        events,
        atMs,
      );
      // Planned for all of it, whatever the planner says: the database judges by itself.
      const { rows } = await pool.query<{ id: bigint }>(
        `INSERT INTO retention_run (planned_at, planned, by) VALUES ($1, $2, 'test') RETURNING id`,
        [instantOfMillis(atMs), parts.map((part) => part.name)],
      );
      const plan = (await planRetentionAt(pool, instantOfMillis(atMs))).partitions.filter(
        (each) => each.class === name,
      );
      const outcomes: Record<string, string> = {};
      for (const part of parts) {
        const { rows: said } = await pool.query('SELECT purge_partition($1, $2) AS outcome', [rows[0]!.id, part.name]);
        outcomes[part.name] = said[0].outcome;
        const verdict = plan.find((each) => each.name === part.name)!.verdict;
        expect({ name: part.name, verdict, outcome: said[0].outcome.split(':')[0] }).toEqual({
          name: part.name,
          verdict,
          outcome: { purge: 'purged', held: 'held', waits: 'waits', kept: 'kept' }[verdict],
        });
        verdicts += 1;
        if (verdict !== 'purge') kept += 1;
      }
      expect(
        Object.keys(outcomes)
          .filter((each) => outcomes[each] === 'purged')
          .sort(),
      ).toEqual(want);
      // Out of the way of the next.
      await raiseRetention(pool, { name, keepMs: null, requirements: one.requirements }, 'test');
    }
    expect(verdicts).toBeGreaterThan(400);
    expect(kept).toBeGreaterThan(100);
    expect(verdicts - kept).toBeGreaterThan(100);
  }, 120_000);

  const JANUARY = 'event_brief_20240110';

  /** One partition whose time is over, with one session of `agent-1`. */
  async function oneDuePartition(): Promise<void> {
    await raiseRetention(pool, { name: 'brief', keepMs: 30 * DAY, requirements: [] }, 'test');
    await recordBackdated(pool, [
      { class: 'brief', atMs: at('2024-01-10T10:00:00Z'), session: 's-1', identity: 'agent-1', connection: 'orders' },
    ]);
  }

  it('keeps what a hold fits until a run that is planned after its release', async () => {
    await oneDuePartition();
    const hold = await placeHold(pool, {
      selection: { identity: 'agent-1' },
      matter: 'M-7',
      reason: 'a claim',
      by: 'anna',
    });
    expect(await listHoldsOnSession(pool, 's-1')).toEqual([hold]);
    expect(await listHoldsOnSession(pool, 's-2')).toEqual([]);
    const plan = await planRetentionAt(pool);
    expect(plan.partitions).toMatchObject([{ name: JANUARY, verdict: 'held', because: hold.id, holds: [hold.id] }]);
    expect((await beginRetentionRun(pool, 'test')).planned).toEqual([]);
    await carryOutRun(pool, (await findUnfinishedRun(pool))!);

    // A run under way was planned without it; released now, the run does not take it, and the next one does.
    const { rows } = await pool.query(
      `INSERT INTO retention_run (planned_at, planned, by) VALUES (clock_timestamp(), $1, 'test') RETURNING id`,
      [[JANUARY]],
    );
    await releaseHold(pool, hold.id, { by: 'anna', reason: 'settled' });
    await expect(releaseHold(pool, hold.id, { by: 'anna', reason: 'again' })).rejects.toMatchObject({
      code: 'RECORD_HOLD_RELEASED',
    });
    const outcome = await pool.query('SELECT purge_partition($1, $2) AS outcome', [rows[0].id, JANUARY]);
    expect(outcome.rows[0].outcome).toBe(`held: ${hold.id}`);
    const report = await carryOutRun(pool, (await findUnfinishedRun(pool))!);
    expect(report).toEqual({ [JANUARY]: `held: ${hold.id}` });
    expect(await listHoldsOnSession(pool, 's-1')).toEqual([]);
    const next = await beginRetentionRun(pool, 'test');
    expect(await carryOutRun(pool, next)).toEqual({ [JANUARY]: 'purged' });
    expect((await outbox('retention.planned')).slice(-2)).toEqual([
      expect.objectContaining({ by: 'test', count: 0, partitions: [] }),
      { run: String(next.id), by: 'test', count: 1, partitions: [JANUARY] },
    ]);
    expect(await outbox('hold.placed')).toMatchObject([
      { hold: hold.id, matter: 'M-7', selection: '{"identity":"agent-1"}' },
    ]);
    expect(await outbox('hold.released')).toMatchObject([
      { hold: hold.id, by: 'anna', reason: 'settled', matter: 'M-7' },
    ]);
    expect(await listHolds(pool, { all: false })).toEqual([]);
    expect(await listHolds(pool, { all: true })).toMatchObject([{ id: hold.id, releaseReason: 'settled' }]);
  });

  it('sees a hold that was placed at any moment of a run, or makes it wait', async () => {
    await oneDuePartition();
    const run = await beginRetentionRun(pool, 'test');
    // Not committed yet: the purge waits for it, half a second, and tries again.
    const placing = await pool.connect();
    await placing.query('BEGIN');
    await placing.query(
      `INSERT INTO hold (id, matter, reason, session_id, placed_by) VALUES ('hold-0000000001', 'M', 'r', 's-1', 'anna')`,
    );
    await expect(pool.query('SELECT purge_partition($1, $2)', [run.id, JANUARY])).rejects.toMatchObject({
      code: '55P03',
    });
    const carried = carryOutRun(pool, run);
    await new Promise((resolve) => setTimeout(resolve, 700));
    await placing.query('COMMIT');
    placing.release();
    expect(await carried).toEqual({ [JANUARY]: 'held: hold-0000000001' });
  });

  it('lets a hold wait while a purge has the lock, and the hold then fits nothing that is gone', async () => {
    await oneDuePartition();
    const run = await beginRetentionRun(pool, 'test');
    const purging = await pool.connect();
    await purging.query('BEGIN');
    await purging.query('SELECT purge_partition($1, $2)', [run.id, JANUARY]);
    let isPlaced = false;
    const placed = placeHold(pool, { selection: { session: 's-1' }, matter: 'M', reason: 'r', by: 'anna' }).then(() => {
      isPlaced = true;
    });
    await until('the hold waits', async () => {
      const { rows } = await pool.query(`SELECT FROM pg_locks WHERE NOT granted AND relation = 'hold'::regclass`);
      return rows.length > 0;
    });
    expect(isPlaced).toBe(false);
    await purging.query('ROLLBACK');
    purging.release();
    await placed;
    // Rolled back with everything: nothing was purged, and now it is held.
    expect(await outbox('retention.purged')).toEqual([]);
    expect(await carryOutRun(pool, run)).toEqual({ [JANUARY]: expect.stringMatching(/^held: hold-/) });
  });

  it('refuses an isolation under which it would not see a new hold', async () => {
    await oneDuePartition();
    const run = await beginRetentionRun(pool, 'test');
    const client = await pool.connect();
    await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ');
    await expect(client.query('SELECT purge_partition($1, $2)', [run.id, JANUARY])).rejects.toThrow('READ COMMITTED');
    client.release(true);
  });

  it('holds also what arrives later, and whole partitions for one row; what stands in quarantine fits every hold of its time', async () => {
    await oneDuePartition();
    await placeHold(pool, { selection: { identity: 'agent-9' }, matter: 'M', reason: 'r', by: 'anna' });
    expect((await planRetentionAt(pool)).partitions).toMatchObject([{ name: JANUARY, verdict: 'purge' }]);
    await recordBackdated(pool, [
      { class: 'brief', atMs: at('2024-01-10T11:00:00Z'), session: 's-9', identity: 'agent-9' },
    ]);
    expect((await planRetentionAt(pool)).partitions).toMatchObject([{ name: JANUARY, verdict: 'held' }]);
    const [position] = await recordBackdated(pool, [
      { class: 'brief', atMs: at('2024-01-12T11:00:00Z'), type: 'quarantined' },
    ]);
    const day = 'event_brief_20240112';
    const verdict = async () => (await planRetentionAt(pool)).partitions.find((one) => one.name === day)?.verdict;
    expect(await verdict()).toBe('purge');
    await pool.query(`INSERT INTO quarantine (position, reason) VALUES ($1, 'unreadable')`, [position]);
    expect(await verdict()).toBe('held');
  });

  it('waits for deliveries, dead letters and readers; not for a destination that nobody announces any more', async () => {
    await oneDuePartition();
    const because = async () => (await planRetentionAt(pool)).partitions.find((one) => one.name === JANUARY)!;
    await pool.query(`INSERT INTO delivery_destination (destination) VALUES ('datadog')`);
    await pool.query(
      `INSERT INTO delivery_range (destination, lane, from_pos, next_pos) VALUES ('datadog', 'live', 0, 0)`,
    );
    expect(await because()).toMatchObject({
      verdict: 'waits',
      because: expect.stringContaining('datadog is still to get some of it'),
    });
    // The whole partition is in a batch that is not settled.
    await pool.query('UPDATE delivery_range SET next_pos = 1');
    await pool.query(`INSERT INTO delivery_batch (range, destination, lane, from_pos, to_pos, count, ids_digest, mapping_version, filter_version, state)
      SELECT id, 'datadog', 'live', 0, 1, 1, sha256(''), 1, 1, 'paused' FROM delivery_range`);
    expect(await because()).toMatchObject({
      verdict: 'waits',
      because: expect.stringContaining('not settled 1 of its batches'),
    });
    await pool.query(`UPDATE delivery_destination SET announced_at = now() - interval '31 days'`);
    expect(await because()).toMatchObject({ verdict: 'purge' });
    // What people began is theirs to end, also there: a replay, to its last batch.
    await pool.query(`INSERT INTO delivery_filter (destination, version, selection) VALUES ('datadog', 1, '{}')`);
    await pool.query(
      `INSERT INTO delivery_plan (id, kind, destination, asked, filter_version, mapping_version, from_pos, to_pos, next_pos, state, created_by)
       VALUES ('replay-0000000000', 'replay', 'datadog', '{}', 1, 1, 0, 1, 1, 'running', 'test')`,
    );
    await pool.query(
      `INSERT INTO delivery_range (destination, lane, from_pos, next_pos, to_pos, plan) VALUES ('datadog', 'replay', 0, 0, 1, 'replay-0000000000')`,
    );
    expect(await because()).toMatchObject({ verdict: 'waits', because: expect.stringContaining('(lane replay)') });
    await pool.query(`UPDATE delivery_range SET next_pos = 1`);
    await pool.query(`UPDATE delivery_batch SET range = (SELECT id FROM delivery_range WHERE plan IS NOT NULL)`);
    expect(await because()).toMatchObject({ verdict: 'waits', because: expect.stringContaining('not settled 1') });
    // A reconciliation reads what it compares, as long as somebody can look there.
    await pool.query(`UPDATE delivery_batch SET state = 'accepted'`);
    await pool.query(`INSERT INTO read_back (destination, tokens) VALUES ('datadog', 1)`);
    await pool.query(
      `INSERT INTO reconciliation (id, destination, from_pos, to_pos, settled_until, sends_missing, next_pos, created_by)
       VALUES ('reconciliation-0000000000', 'datadog', 0, 1, now(), true, 0, 'test')`,
    );
    expect(await because()).toMatchObject({ verdict: 'waits', because: expect.stringContaining('still reads some') });
    await pool.query(`UPDATE read_back SET announced_at = now() - interval '31 days'`);
    expect(await because()).toMatchObject({ verdict: 'purge' });
    // A dead letter is a person's to decide, also there.
    await pool.query(`UPDATE delivery_batch SET state = 'dead'`);
    await pool.query(
      `INSERT INTO dead_letter (destination, position, event_id, batch, body, reason) SELECT 'datadog', 0, 'e.1', id, 'rendered', 'no' FROM delivery_batch`,
    );
    expect(await because()).toMatchObject({ verdict: 'waits', because: expect.stringContaining('1 dead letters') });
    const run = await pool.query(
      `INSERT INTO retention_run (planned_at, planned, by) VALUES (now(), $1, 'test') RETURNING id`,
      [[JANUARY]],
    );
    const outcome = async () =>
      (await pool.query('SELECT purge_partition($1, $2) AS said', [run.rows[0].id, JANUARY])).rows[0].said;
    expect(await outcome()).toContain('waits: ');
    await pool.query(`UPDATE dead_letter SET state = 'discarded'`);
    await claimReading(pool, { id: 'export-1', what: 'an export', from: 0n, until: 5n, validMs: 60_000 });
    expect(await outcome()).toContain('an export reads it until');
    await endReading(pool, 'export-1');
    expect(await outcome()).toBe('purged');
    // The rendered copy went with its event.
    expect((await pool.query('SELECT body FROM dead_letter')).rows).toEqual([{ body: '' }]);
  });

  it('is prepared again where rows came since, and says all of them', async () => {
    await oneDuePartition();
    const prepare = () => pool.query('SELECT prepare_purge($1)', [JANUARY]);
    const prepared = async () =>
      (await pool.query('SELECT prepared_at AS at, count FROM partition WHERE name = $1', [JANUARY])).rows[0];
    await prepare();
    const first = await prepared();
    await prepare();
    expect(await prepared()).toEqual(first);
    expect(first.count).toBe(1n);
    await recordBackdated(pool, [{ class: 'brief', atMs: at('2024-01-10T23:00:00Z'), session: 's-2' }]);
    expect(await carryOutRun(pool, await beginRetentionRun(pool, 'test'))).toEqual({ [JANUARY]: 'purged' });
    expect(await outbox('retention.purged')).toMatchObject([{ count: 2 }]);
    expect((await pool.query('SELECT session_id AS id FROM session_purged ORDER BY session_id')).rows).toEqual([
      { id: 's-1' },
      { id: 's-2' },
    ]);
  });

  it('makes the rows of sessions anew from what a purge left of them', async () => {
    await raiseRetention(pool, { name: 'brief', keepMs: 30 * DAY, requirements: [] }, 'test');
    const opened = (session: string, day: string): Backdated => ({
      class: 'brief',
      atMs: at(day),
      session,
      identity: 'agent-1',
      type: 'quarantined',
    });
    await recordBackdated(pool, [
      opened('gone', '2024-01-10T10:00:00Z'),
      opened('left', '2024-01-10T11:00:00Z'),
      opened('left', '2024-03-01T00:00:00Z'),
    ]);
    await pool.query(
      `INSERT INTO session (id, class, state, opened_at, last_activity_at, commands, failed, rows, bytes_in, bytes_out, approval_required, approval_state, facts)
       SELECT id, 'brief', 'closed', '2024', '2024', 0, 0, 0, 0, 0, false, 'none', '{}' FROM unnest(ARRAY['gone', 'left', 'other']) AS id`,
    );
    await pool.query(`UPDATE projection SET position = 3`);
    await runAt(at('2024-02-20T00:00:00Z'));
    expect((await pool.query('SELECT session_id AS id FROM session_purged ORDER BY session_id')).rows).toEqual([
      { id: 'gone' },
      { id: 'left' },
    ]);
    await projectSessions(pool);
    // What is left of the second is no event of the fold, so that nothing is to be shown of it.
    expect((await pool.query('SELECT id FROM session')).rows).toEqual([{ id: 'other' }]);
    expect((await pool.query('SELECT FROM session_purged')).rowCount).toBe(0);
  });

  it('is one run at a time, resumed by whoever finds it, also by two at once', async () => {
    await raiseRetention(pool, { name: 'brief', keepMs: 30 * DAY, requirements: [] }, 'test');
    await recordBackdated(
      pool,
      [1, 2, 3, 4, 5].map((n) => ({ class: 'brief', atMs: at(`2024-01-0${n}T10:00:00Z`) })),
    );
    const [one, two] = await Promise.all([beginRetentionRun(pool, 'one'), beginRetentionRun(pool, 'two')]);
    expect(one.id).toBe(two.id);
    expect(one.planned).toHaveLength(5);
    const stop = new AbortController();
    stop.abort();
    expect(await carryOutRun(pool, one, stop.signal)).toBeUndefined();
    await Promise.all([carryOutRun(pool, one), carryOutRun(pool, two)]);
    expect(await findUnfinishedRun(pool)).toBeUndefined();
    expect((await pool.query('SELECT count(*)::int AS n FROM purge')).rows).toEqual([{ n: 5 }]);
    expect(await outbox('retention.purged')).toHaveLength(5);
    expect(await readPurges(pool, { from: 0n, until: 2n })).toMatchObject([
      { class: 'brief', count: 1n },
      { count: 1n },
    ]);
  });

  it('rests where another session holds a lock for long, and goes on later', async () => {
    await oneDuePartition();
    const reader = await pool.connect();
    await reader.query('BEGIN');
    await reader.query(`SELECT FROM ${JANUARY}`);
    const run = await beginRetentionRun(pool, 'test');
    const stop = new AbortController();
    const carried = carryOutRun(pool, run, stop.signal);
    setTimeout(() => stop.abort(), 1500);
    expect(await carried).toBeUndefined();
    expect(await findUnfinishedRun(pool)).toMatchObject({ id: run.id });
    await reader.query('COMMIT');
    reader.release();
    expect(await carryOutRun(pool, run)).toEqual({ [JANUARY]: 'purged' });
  });

  it('moves policies up freely, down with two admin keys, never below a requirement', async () => {
    const keys = await Promise.all(
      ['admin', 'admin', 'operator'].map(async (role) => {
        const id = randomUUID();
        await pool.query(`INSERT INTO api_key (id, prefix, hash, role, created_by) VALUES ($1, $2, $4, $3, 'test')`, [
          id,
          id.slice(0, 8),
          role,
          sha256(Buffer.from(id)),
        ]);
        return { id, prefix: id.slice(0, 8) };
      }),
    );
    await recordBackdated(pool, [{ class: 'standard', atMs: at('2024-01-10T10:00:00Z') }]);
    const keepUntil = async () =>
      (await pool.query(`SELECT keep_until - to_at AS days FROM partition`)).rows[0].days?.days ?? null;
    const { confirmRetention, proposeRetention, listOpenChanges, withdrawRetention } = await import(
      './retention-policy.js'
    );
    const standard = (days: number | null, requirements: string[] = []) => ({
      name: 'standard',
      keepMs: days === null ? null : days * DAY,
      requirements,
    });
    expect(await raiseRetention(pool, standard(400), 'anna')).toBe('unchanged');
    expect(await raiseRetention(pool, standard(500, ['pci-dss']), 'anna')).toBe('changed');
    expect(await keepUntil()).toBe(500);
    expect(await raiseRetention(pool, standard(499, ['pci-dss']), 'anna')).toBe('shorter');
    expect(await raiseRetention(pool, standard(600), 'anna')).toBe('shorter');
    await expect(
      raiseRetention(pool, { name: 'x', keepMs: 10 * DAY, requirements: ['hipaa'] }, 'anna'),
    ).rejects.toMatchObject({
      code: 'RECORD_RETENTION_REFUSED',
      message: 'class x is kept 10d, and hipaa demands 2192d',
    });
    await expect(
      raiseRetention(pool, { name: 'x', keepMs: null, requirements: ['gdpr'] }, 'anna'),
    ).rejects.toMatchObject({
      code: 'RECORD_REQUIREMENT_UNKNOWN',
    });
    const change = await proposeRetention(pool, standard(370, ['pci-dss']), { key: keys[0]!, reason: 'cost' });
    await expect(confirmRetention(pool, change, keys[0]!.id)).rejects.toMatchObject({ code: 'RECORD_SECOND_PERSON' });
    await expect(confirmRetention(pool, change, keys[2]!.id)).rejects.toMatchObject({ code: 'RECORD_SECOND_PERSON' });
    expect(await listOpenChanges(pool)).toMatchObject([
      { id: change, class: 'standard', keepDays: 370, reason: 'cost' },
    ]);
    expect(await keepUntil()).toBe(500);
    await confirmRetention(pool, change, keys[1]!.id);
    expect(await keepUntil()).toBe(370);
    await expect(confirmRetention(pool, change, keys[1]!.id)).rejects.toMatchObject({ code: 'RECORD_CHANGE_UNKNOWN' });
    await expect(
      proposeRetention(pool, standard(30, ['pci-dss']), { key: keys[0]!, reason: 'cost' }),
    ).rejects.toMatchObject({ code: 'RECORD_RETENTION_REFUSED' });
    // Asked for around the product: the database judges what is confirmed.
    const { rows: around } = await pool.query<{ id: bigint }>(
      `INSERT INTO retention_change (class, keep, requirements, reason, proposed_by)
       VALUES ('standard', '30 days', '{pci-dss}', 'cost', $1) RETURNING id`,
      [keys[0]!.id],
    );
    const below = around[0]!.id;
    await expect(confirmRetention(pool, below, keys[1]!.id)).rejects.toMatchObject({
      code: 'RECORD_RETENTION_REFUSED',
    });
    await withdrawRetention(pool, below, keys[0]!);
    expect(await listOpenChanges(pool)).toEqual([]);
    expect(await raiseRetention(pool, standard(null, ['pci-dss']), 'anna')).toBe('changed');
    expect(await keepUntil()).toBeNull();
    expect(await outbox('retention.proposed')).toEqual([
      {
        change: String(change),
        class: 'standard',
        keep: '370d',
        requirements: ['pci-dss'],
        by: apiKeyName(keys[0]!),
        reason: 'cost',
      },
    ]);
    expect(await outbox('retention.withdrawn')).toEqual([
      { change: String(below), class: 'standard', by: apiKeyName(keys[0]!) },
    ]);
    expect((await outbox('retention.changed')).slice(-2)).toMatchObject([
      {
        class: 'standard',
        keep: '370d',
        previous: '500d',
        confirmedBy: apiKeyName(keys[1]!),
        reason: 'cost',
      },
      { keep: 'forever', previous: '370d', by: 'anna', requirements: ['pci-dss'] },
    ]);
  });
});
