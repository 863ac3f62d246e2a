import { randomInt } from 'node:crypto';
import type pg from 'pg';
import { inTransaction, positionAt, type Queryable, readHead } from '#record';
import { DeliveryError } from '../errors.js';
import { type EventSelection, newestFilterVersion } from '../selection.js';
import { parseEventQuery } from './event-query.js';
import { type AskedPlan, type Plan, type PlanKind, readPlan } from './plan.js';

export interface PlanRequest extends AskedPlan {
  /** May be left out where the ledger knows only one. */
  destination?: string;
  /** Leaves out what is accepted, observed, or on its way already. */
  missingOnly?: boolean;
}

/**
 * Enters a plan; a forwarder of its destination then lists what it would send.
 * @param by who asks, as the record will say
 * @throws DELIVERY_DESTINATION_UNKNOWN, DELIVERY_SELECTION_INVALID, DELIVERY_RANGE_INVALID
 */
export async function makePlan(pool: pg.Pool, kind: PlanKind, request: PlanRequest, by: string): Promise<Plan> {
  const { destination: named, missingOnly = false, ...asked } = request;
  const selection = selectionOf(asked);
  return inTransaction(pool, async (client) => {
    const destination = await oneDestination(client, named);
    const { size, generation } = await readHead(client);
    const { from, to } = await positionsOf(client, asked, selection, size);
    const id = `${kind}-${randomName()}`;
    await client.query(
      `INSERT INTO delivery_plan (id, kind, destination, asked, selection, missing_only, generation, filter_version, mapping_version,
                                  from_pos, to_pos, next_pos, created_by)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 0, $9, $10, $9, $11)`,
      [
        id,
        kind,
        destination,
        JSON.stringify(asked),
        JSON.stringify(selection),
        missingOnly,
        generation,
        await newestFilterVersion(client, destination),
        from,
        to,
        by,
      ],
    );
    return readPlan(client, kind, id);
  });
}

function selectionOf({ session, query }: AskedPlan): EventSelection {
  const selection = query === undefined ? {} : parseEventQuery(query);
  if (session === undefined) return selection;
  if (selection.sessions === undefined) return { ...selection, sessions: [session] };
  throw new DeliveryError({
    code: 'DELIVERY_SELECTION_INVALID',
    message: 'the session is named twice: beside the query and in it',
    remedy: 'Name it in one place; the query takes several, with commas.',
    retry: 'never',
  });
}

/** The destination that is meant. @throws DELIVERY_DESTINATION_UNKNOWN, which lists those there are */
export async function oneDestination(db: Queryable, named: string | undefined): Promise<string> {
  const { rows } = await db.query<{ destination: string }>('SELECT destination FROM delivery_destination ORDER BY 1');
  const known = rows.map((row) => row.destination);
  if (named === undefined && known[0] !== undefined && known.length === 1) return known[0];
  if (named !== undefined && known.includes(named)) return named;
  const problem =
    named === undefined
      ? known.length === 0
        ? 'no forwarder ever ran, so there is no destination'
        : 'there are several destinations'
      : `there is no destination ${JSON.stringify(named)}`;
  throw new DeliveryError({
    code: 'DELIVERY_DESTINATION_UNKNOWN',
    message: known.length === 0 ? problem : `${problem}: ${known.join(', ')}`,
    remedy: 'Name one of those that `affidavit delivery status` shows; a forwarder enters them when it first runs.',
    retry: 'never',
  });
}

async function positionsOf(
  db: Queryable,
  { from, to }: AskedPlan,
  selection: EventSelection,
  size: bigint,
): Promise<{ from: bigint; to: bigint }> {
  const begin = from === undefined ? 0n : await positionAt(db, from, size);
  const end = to === undefined ? size : await positionAt(db, to, size);
  if (begin > end) {
    throw new DeliveryError({
      code: 'DELIVERY_RANGE_INVALID',
      message: `it would begin at position ${begin} and end before it, at ${end}`,
      remedy: '`from` is the first position or instant, `to` the first one that no longer belongs to it.',
      retry: 'never',
    });
  }
  if (selection.sessions === undefined) return { from: begin, to: end };
  // A session is a few events: the rest of the log need not be read for it.
  const { rows } = await db.query<{ first: bigint | null; last: bigint | null }>(
    'SELECT min(position) AS first, max(position) AS last FROM event WHERE session_id = ANY($1) AND position >= $2 AND position < $3',
    [selection.sessions, begin, end],
  );
  const { first, last } = rows[0] ?? {};
  return first != null && last != null ? { from: first, to: last + 1n } : { from: begin, to: begin };
}

function randomName(): string {
  return Array.from({ length: 10 }, () => randomInt(36).toString(36)).join('');
}
