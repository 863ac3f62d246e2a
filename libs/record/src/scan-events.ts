import type pg from 'pg';
import { type Epoch, INSTANT_PATTERN, instantOfMicros, type NodeName } from '#events';
import { copyRows, type RowReader } from './binary-rows.js';
import { type EventRange, fromInstant, LAST_POSITION, type RecordedEvent } from './read-events.js';

// COPY in binary format, as copy-events.ts writes it: no text is made of instants, numbers and bodies only to be parsed again. Measured
// over a million events of 600 bytes: 3 µs an event here and 1.6 µs in PostgreSQL, where rows of text take 6.5 and 4.4.

const COLUMNS = `position, recorded_at, class, node, epoch, seq, type, occurred_at, session_id, identity_id, identity_kind, connection,
  outcome, duplicate_of, body`;
/** Binary timestamps count from 2000-01-01. */
const POSTGRES_EPOCH_US = 946_684_800_000_000n;
const US_PER_SECOND = 1_000_000n;

/** As {@link readEvents}, for whoever reads thousands of them. The bodies share one piece of memory. */
export async function scanEvents(client: pg.PoolClient, range: EventRange): Promise<RecordedEvent[]> {
  const until = range.until ?? LAST_POSITION;
  if (range.limit < 1 || until <= range.after + 1n) return [];
  const fromAt = await fromInstant(client, range.after + 1n);
  if (!fromAt) return [];
  // COPY takes no parameters: what is put into its text are numbers, and an instant that is one.
  if (!INSTANT_PATTERN.test(fromAt)) throw new TypeError(`${fromAt} is no instant`);
  const wanted = `FROM event WHERE position > ${range.after} AND position < ${until} AND recorded_at >= '${fromAt}'
    ORDER BY position LIMIT ${Math.floor(range.limit)}`;
  const rows =
    range.bytes === undefined
      ? `SELECT ${COLUMNS} ${wanted}`
      : `SELECT ${COLUMNS} FROM (SELECT *, sum(octet_length(body)) OVER (ORDER BY position) - octet_length(body) AS bytes_before
           ${wanted}) AS sized WHERE bytes_before < ${Math.floor(range.bytes)} ORDER BY position`;
  return decodeRows(await copyRows(client, rows));
}

function decodeRows(row: RowReader): RecordedEvent[] {
  const [recordedAt, occurredAt] = [new Instants(), new Instants()];
  const lately = {
    class: [],
    node: [],
    epoch: [],
    type: [],
    session: [],
    identity: [],
    kind: [],
    connection: [],
    outcome: [],
  };
  const events: RecordedEvent[] = [];
  while (row.next()) {
    events.push({
      position: row.int64() ?? 0n,
      recordedAt: recordedAt.of(row.int64()) ?? '',
      class: row.text(lately.class) ?? '',
      node: row.text(lately.node) as NodeName,
      epoch: row.text(lately.epoch) as Epoch,
      seq: Number(row.int64()),
      type: row.text(lately.type) as RecordedEvent['type'],
      occurredAt: occurredAt.of(row.int64()),
      sessionId: row.text(lately.session),
      identityId: row.text(lately.identity),
      identityKind: row.text(lately.kind),
      connection: row.text(lately.connection),
      outcome: row.text(lately.outcome),
      duplicateOf: row.int64(),
      body: row.bytes() ?? Buffer.alloc(0),
    });
  }
  return events;
}

/** Events follow each other within a second, and those of one transaction share an instant: most of the text is there already. */
class Instants {
  private second = -1n;
  private untilSecond = '';
  private us: bigint | null = null;
  private instant: string | null = null;

  of(us: bigint | null): string | null {
    if (us !== this.us) {
      this.us = us;
      this.instant = us === null ? null : this.made(us + POSTGRES_EPOCH_US);
    }
    return this.instant;
  }

  private made(us: bigint): string {
    const second = us / US_PER_SECOND;
    if (second !== this.second) {
      this.untilSecond = instantOfMicros(second * US_PER_SECOND).slice(0, -'000000Z'.length);
      this.second = second;
    }
    return `${this.untilSecond}${String(us - second * US_PER_SECOND).padStart(6, '0')}Z`;
  }
}
