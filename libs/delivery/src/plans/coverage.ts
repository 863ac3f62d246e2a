import type { Queryable, RecordedEvent } from '#record';
import type { BatchState } from '../ledger.js';
import { newestFilterVersion, type Selections } from '../selection.js';

/** What a destination has of an event by earlier deliveries. */
export interface Coverage {
  isObserved(event: RecordedEvent): boolean;
  /** Accepted or observed, or it will be sent by itself: in a request that is not settled, or in a range yet to be cut. */
  isUnderWay(event: RecordedEvent): boolean;
}

interface Span {
  from: bigint;
  to: bigint;
  state: BatchState | 'uncut';
  filterVersion: number;
  plan: string | null;
}

/** What earlier deliveries hold of these positions. An event belongs to a batch where its filter and plan let it through. */
export async function coverageOf(
  db: Queryable,
  selections: Selections,
  destination: string,
  from: bigint,
  to: bigint,
): Promise<Coverage> {
  const { rows } = await db.query<Span>(
    `SELECT b.from_pos AS from, b.to_pos AS to, b.state, b.filter_version AS "filterVersion", r.plan
       FROM delivery_batch b JOIN delivery_range r ON r.id = b.range
      WHERE b.destination = $1 AND int8range(b.from_pos, b.to_pos) && int8range($2, $3) AND b.state NOT IN ('split', 'dead', 'cancelled')
     UNION ALL
     SELECT next_pos, least(coalesce(to_pos, size), size), 'uncut', $4::integer, NULL FROM delivery_range, log_head
      WHERE destination = $1 AND plan IS NULL AND next_pos < least(coalesce(to_pos, size), size, $3) AND coalesce(to_pos, size) > $2`,
    [destination, from, to, await newestFilterVersion(db, destination)],
  );
  const spans: (Span & { holds: (event: RecordedEvent) => boolean })[] = [];
  for (const span of rows) {
    const { filterVersion, plan, from: fromPos } = span;
    spans.push({ ...span, holds: await selections.of(db, { destination, filterVersion, plan, fromPos }) });
  }
  const isIn = (event: RecordedEvent, states: (state: Span['state']) => boolean) =>
    spans.some(
      (span) => states(span.state) && span.from <= event.position && event.position < span.to && span.holds(event),
    );
  return {
    isObserved: (event) => isIn(event, (state) => state === 'observed'),
    isUnderWay: (event) => isIn(event, () => true),
  };
}
