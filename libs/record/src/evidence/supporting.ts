import { decodeEvent, type EventData } from '#events';
import type { Queryable } from '../pool.js';
import { RECORDED_EVENT_COLUMNS, type RecordedEvent } from '../read-events.js';
import type { Restoration } from './checkpoint-lines.js';

// What explains a bundle without belonging to its scope: the record's own words on purges, restores, keys and holes, and the starts of
// producers, which say how far their runs before came. All of class `system`, so nothing of it is ever purged.

const TYPES = [
  'retention.purged',
  'log.restored',
  'checkpoint.rekeyed',
  'producer.lost',
  'producer.started',
  'hold.placed',
  'hold.released',
];
const WINDOW = 200_000;

/** Which of them are wanted. */
export interface Wanted {
  /** Epochs that the bundle shows runs of. */
  epochs: ReadonlySet<string>;
  /** Holds that keep some of its events. */
  holds: ReadonlySet<string>;
  /** When its first and last events were recorded: RFC 3339. */
  times: { from: string; to: string };
  /** True of an event that stands in events.ndjson already. */
  isShown(event: RecordedEvent): boolean;
}

/** Events that explain, below `size`, in order; and the restores among all of them, shown or not. */
export async function supportingEvents(
  db: Queryable,
  size: number,
  wanted: Wanted,
): Promise<{ events: RecordedEvent[]; restorations: Restoration[] }> {
  const events: RecordedEvent[] = [];
  const restorations: Restoration[] = [];
  for (let from = 0; from < size; from += WINDOW) {
    const { rows } = await db.query<RecordedEvent>(
      `SELECT ${RECORDED_EVENT_COLUMNS} FROM event
        WHERE class = 'system' AND position >= $1 AND position < $2 AND type = ANY ($3) ORDER BY position`,
      [from, Math.min(from + WINDOW, size), TYPES],
    );
    for (const row of rows) {
      const restoration = restorationOf(row);
      if (restoration) restorations.push(restoration);
      if (explains(row, wanted) && !wanted.isShown(row)) events.push(row);
    }
  }
  return { events, restorations };
}

function restorationOf(row: RecordedEvent): Restoration | undefined {
  if (row.type !== 'log.restored') return undefined;
  const { generation, to } = decodeEvent(row.body).data as EventData<'log.restored'>;
  return { generation, event: `${row.epoch}.${row.seq}`, to: Number(to) };
}

function explains(row: RecordedEvent, { epochs, holds, times }: Wanted): boolean {
  const event = decodeEvent(row.body);
  switch (event.type) {
    case 'retention.purged':
      return event.data.from <= times.to && event.data.to > times.from;
    case 'producer.lost':
      return epochs.has(event.data.epoch);
    case 'producer.started':
      return event.data.previous !== undefined && epochs.has(event.data.previous.epoch);
    case 'hold.placed':
    case 'hold.released':
      return holds.has(event.data.hold);
    default:
      return true;
  }
}
