import type { LogContext, LogSource } from './log.js';

// Laid out so that a thousand events cross to the thread, and are garbage there, in no time: bodies and numbers as pieces of memory,
// texts by their number in a list, in which each stands once. As objects they would be cloned one by one, member by member.

/** Events on their way to the thread that maps them. */
export interface MappingJob {
  id: number;
  context: LogContext;
  /** All bodies, one behind the other. This memory changes hands. */
  bodies: Uint8Array<ArrayBuffer>;
  positions: BigInt64Array;
  seqs: Float64Array;
  /** Of each event the length of its body, and its texts in the order of {@link TEXTS}. */
  rows: Uint32Array;
  texts: (string | null)[];
}

const TEXTS = ['recordedAt', 'class', 'node', 'epoch', 'type', 'occurredAt', 'outcome'] as const;
const ROW = 1 + TEXTS.length;

/** @param memory for the bodies, where it is large enough */
export function mappingJob(
  id: number,
  events: readonly LogSource[],
  context: LogContext,
  memory: ArrayBuffer,
): MappingJob {
  const bytes = events.reduce((sum, { body }) => sum + body.length, 0);
  const bodies = new Uint8Array(memory.byteLength < bytes ? new ArrayBuffer(bytes) : memory);
  const positions = new BigInt64Array(events.length);
  const seqs = new Float64Array(events.length);
  const rows = new Uint32Array(events.length * ROW);
  const numbers = new Map<string | null, number>();
  let at = 0;
  let row = 0;
  for (const [n, event] of events.entries()) {
    bodies.set(event.body, at);
    at += event.body.length;
    positions[n] = event.position;
    seqs[n] = event.seq;
    rows[row++] = event.body.length;
    for (const name of TEXTS) {
      const text = event[name];
      let number = numbers.get(text);
      if (number === undefined) {
        number = numbers.size;
        numbers.set(text, number);
      }
      rows[row++] = number;
    }
  }
  return { id, context, bodies, positions, seqs, rows, texts: [...numbers.keys()] };
}

/** The events of a job, each made when its turn comes. */
export function* eventsOf({
  bodies,
  positions,
  seqs,
  rows,
  texts,
}: Omit<MappingJob, 'id' | 'context'>): Generator<LogSource> {
  const memory = Buffer.from(bodies.buffer);
  let at = 0;
  for (const [n, position] of positions.entries()) {
    const row = n * ROW;
    const text = <Text>(column: number) => texts[rows[row + column] ?? 0] as Text;
    const body = memory.subarray(at, at + (rows[row] ?? 0));
    at += body.length;
    yield {
      position,
      recordedAt: text(1),
      class: text(2),
      node: text(3),
      epoch: text(4),
      seq: seqs[n] ?? 0,
      type: text(5),
      occurredAt: text(6),
      outcome: text(7),
      body,
    };
  }
}
