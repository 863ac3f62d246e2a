import type pg from 'pg';
import { inTransaction } from '#record';
import { CUT_OPTIONS } from '../cut.js';
import { type Destination, type Lane, newestMapping } from '../destination.js';
import type { Duty } from '../duty.js';
import { insertBatch } from '../ledger.js';

const LOOK_MS = 1_000;

/** Makes a due batch of each dead letter that somebody wants retried, no more at once than a lane may hold. */
export function retryDuty(): Duty {
  return {
    name: 'retrying dead letters',
    async run({ pool, destination, lookEverywhere }) {
      if (await makeRetries(pool, destination)) lookEverywhere();
      return LOOK_MS;
    },
  };
}

interface Retry {
  position: bigint;
  bytes: number;
  digest: Buffer;
  lane: Lane;
  filterVersion: number;
}

/**
 * A batch of its own in a range of its own: the dead batch belongs to a range, perhaps of a replay that has ended and been reported
 * on, and stays as it was settled. A first delivery is sent as one that catches up, so that monitors still see it.
 * @returns whether any was made
 */
async function makeRetries(pool: pg.Pool, destination: Destination): Promise<boolean> {
  return inTransaction(pool, async (client) => {
    const { rows } = await client.query<Retry>(
      `SELECT l.position, octet_length(l.body) AS bytes, sha256(convert_to(l.event_id || E'\\n', 'UTF8')) AS digest,
              CASE WHEN b.lane IN ('replay', 'backfill') THEN 'replay' ELSE 'catchup' END AS lane, b.filter_version AS "filterVersion"
         FROM dead_letter l JOIN delivery_batch b ON b.id = l.batch
        WHERE l.destination = $1 AND l.is_waiting
        ORDER BY l.position LIMIT $2 FOR UPDATE OF l SKIP LOCKED`,
      [destination.name, CUT_OPTIONS.maxOpen],
    );
    const room = new Map<Lane, number>();
    let made = 0;
    for (const retry of rows) {
      const left = room.get(retry.lane) ?? (await roomIn(client, destination.name, retry.lane));
      room.set(retry.lane, left - 1);
      if (left <= 0) continue;
      await makeRetry(client, destination, retry);
      made++;
    }
    return made > 0;
  });
}

async function roomIn(client: pg.PoolClient, destination: string, lane: Lane): Promise<number> {
  const { rows } = await client.query<{ open: number }>(
    `SELECT count(*)::int AS open FROM delivery_batch WHERE destination = $1 AND lane = $2 AND state IN ('due', 'sending', 'paused')`,
    [destination, lane],
  );
  return CUT_OPTIONS.maxOpen - (rows[0]?.open ?? 0);
}

async function makeRetry(client: pg.PoolClient, destination: Destination, retry: Retry): Promise<void> {
  const { position, bytes, digest, lane, filterVersion } = retry;
  const { rows } = await client.query<{ id: bigint }>(
    `INSERT INTO delivery_range (destination, lane, from_pos, next_pos, to_pos) VALUES ($1, $2, $3, $4, $4) RETURNING id`,
    [destination.name, lane, position, position + 1n],
  );
  const [range] = rows;
  if (!range) throw new TypeError('an INSERT returned no row');
  const batch = await insertBatch(client, {
    range: range.id,
    destination: destination.name,
    lane,
    parent: null,
    fromPos: position,
    toPos: position + 1n,
    count: 1,
    bytes,
    idsDigest: digest,
    uncertain: 0,
    mappingVersion: newestMapping(destination),
    filterVersion,
  });
  await client.query('UPDATE dead_letter SET batch = $3, is_waiting = false WHERE destination = $1 AND position = $2', [
    destination.name,
    position,
    batch,
  ]);
}
