import type pg from 'pg';
import { instantOfMillis, SYSTEM_CLASS } from '#events';
import { sha256 } from '#ledger';
import { LOG_CHANNEL } from './commit-listener.js';
import { copyEvents, copyEventsSettingAside } from './copy-events.js';
import type { Plan } from './log-plan.js';
import { writeTiles } from './merkle-tree.js';
import { enqueueOutbox } from './outbox.js';
import type { ForeignEntry } from './record-batch.js';

/**
 * Writes everything of a plan but the head, inside the caller's transaction.
 * @param settingAside rows that Postgres refuses are found and written as `quarantined`; without it they are an error
 * @returns how many rows were quarantined
 */
export async function writePlan(
  client: pg.PoolClient,
  plan: Plan,
  recordedAt: string,
  foreign: readonly ForeignEntry[],
  settingAside: boolean,
): Promise<number> {
  const refused = settingAside ? await copyEventsSettingAside(client, plan.rows) : undefined;
  if (!refused) await copyEvents(client, plan.rows);
  const quarantined = [...plan.quarantined, ...(refused ?? [])];
  await writeRunsAndMarks(client, plan, recordedAt);
  if (plan.tiles.length > 0) await writeTiles(client, plan.tiles);
  if (quarantined.length > 0) await writeQuarantine(client, quarantined);
  if (foreign.length > 0) await writeForeign(client, foreign);
  return quarantined.length;
}

async function writeRunsAndMarks(client: pg.PoolClient, plan: Plan, recordedAt: string): Promise<void> {
  await client.query(
    `WITH runs AS (
       INSERT INTO run (first_position, last_position, recorded_at, node, epoch, first_seq, leaf_data, head, chain_before)
       SELECT f, l, $1, n, e, s, d, h, b
         FROM unnest($2::bigint[], $3::bigint[], $4::text[], $5::text[], $6::bigint[], $7::bytea[], $16::bytea[], $17::bytea[])
           AS r (f, l, n, e, s, d, h, b)
     ), marks AS (
       INSERT INTO producer_epoch AS p (node, epoch, state, mark_seq, mark_chain, head_signature, previous, updated_at)
       SELECT n, e, s, q, c, h, v, $1 FROM unnest($8::text[], $9::text[], $10::text[], $11::bigint[], $12::bytea[], $13::bytea[], $14::text[]) AS m (n, e, s, q, c, h, v)
       ON CONFLICT (node, epoch) DO UPDATE SET state = excluded.state, mark_seq = excluded.mark_seq, mark_chain = excluded.mark_chain,
         head_signature = coalesce(excluded.head_signature, p.head_signature), previous = coalesce(excluded.previous, p.previous),
         updated_at = excluded.updated_at
     )
     SELECT pg_notify('${LOG_CHANNEL}', $15)`,
    [
      recordedAt,
      plan.runs.map((run) => run.firstPosition),
      plan.runs.map((run) => run.lastPosition),
      plan.runs.map((run) => run.node),
      plan.runs.map((run) => run.epoch),
      plan.runs.map((run) => run.firstSeq),
      plan.runs.map((run) => run.leafData),
      plan.marks.map((mark) => mark.node),
      plan.marks.map((mark) => mark.epoch),
      plan.marks.map((mark) => mark.state),
      plan.marks.map((mark) => mark.seq),
      plan.marks.map((mark) => mark.chain),
      plan.marks.map((mark) => mark.headSignature),
      plan.marks.map((mark) => mark.previous),
      String(plan.size),
      plan.runs.map((run) => run.head),
      plan.runs.map((run) => run.chainBefore),
    ],
  );
}

async function writeQuarantine(
  client: pg.PoolClient,
  quarantined: readonly { position: bigint; reason: string }[],
): Promise<void> {
  await client.query('INSERT INTO quarantine (position, reason) SELECT * FROM unnest($1::bigint[], $2::text[])', [
    quarantined.map((row) => row.position),
    quarantined.map((row) => storable(row.reason)),
  ]);
}

/** At most one event a stream in this time: whoever can write to Redis shall not be able to fill the record. */
const FOREIGN_SAID_AGAIN = '1 minute';

/** Keeps foreign entries, and puts on the record that there are some: the first one of a stream at once, more of it a minute later. */
async function writeForeign(client: pg.PoolClient, foreign: readonly ForeignEntry[]): Promise<void> {
  const { rows } = await client.query<{ stream: string; entry: string; digest: string; reason: string; count: number }>(
    `WITH added AS (
       INSERT INTO foreign_entry (digest, stream, entry_id, bytes, reason)
       SELECT * FROM unnest($1::bytea[], $2::text[], $3::text[], $4::bytea[], $5::text[]) ON CONFLICT DO NOTHING
       RETURNING digest, stream, entry_id, reason)
     SELECT DISTINCT ON (stream) stream, entry_id AS entry, encode(digest, 'hex') AS digest, reason,
            (count(*) OVER (PARTITION BY stream))::int AS count
       FROM added WHERE NOT EXISTS (
         SELECT FROM foreign_entry f WHERE f.stream = added.stream AND f.seen_at > now() - interval '${FOREIGN_SAID_AGAIN}')
      ORDER BY stream, entry_id`,
    [
      foreign.map((entry) => sha256(entry.bytes)),
      foreign.map((entry) => entry.stream),
      foreign.map((entry) => entry.entryId),
      foreign.map((entry) => entry.bytes),
      foreign.map((entry) => storable(entry.reason)),
    ],
  );
  for (const { stream, ...found } of rows) {
    await enqueueOutbox(client, {
      type: 'producer.foreign',
      time: instantOfMillis(Date.now()),
      class: SYSTEM_CLASS,
      data: { node: /\{(.*)\}/.exec(stream)?.[1] ?? '', stream, ...found },
    });
  }
}

/** PostgreSQL's text holds no NUL. */
function storable(reason: string): string {
  return reason.replaceAll('\0', '\\0').toWellFormed().slice(0, 500);
}

/** A COMMIT that warns (a wait for a standby was cancelled) or quietly rolled back is not one: its outcome counts as unknown. */
export async function commitWithoutWarning(client: pg.PoolClient): Promise<void> {
  let warning: string | undefined;
  const onNotice = (notice: { severity: string | undefined; message: string | undefined }) => {
    if (notice.severity === 'WARNING') warning = notice.message ?? 'a warning';
  };
  client.on('notice', onNotice);
  try {
    const { command } = await client.query('COMMIT');
    if (command !== 'COMMIT') throw new Error(`COMMIT was answered with ${command}`);
    if (warning !== undefined) throw new Error(`COMMIT came with a warning: ${warning}`);
  } finally {
    client.off('notice', onNotice);
  }
}
