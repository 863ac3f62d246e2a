import { createHash } from 'node:crypto';
import type { EventPage, RecordedEvent } from '#record';

/** An answer that holds recorded events: its JSON is put together around their bytes, which stay as they were signed. */
export class EventBytes {
  readonly bytes: Buffer;
  /** Another one only where the events or what is said of them differ. */
  readonly tag: string;
  readonly count: number;

  /** @param members of the answer's object beside `events`; bigints become strings */
  constructor(
    page: EventPage,
    members: Record<string, unknown>,
    readonly horizon?: bigint,
    readonly head?: bigint,
  ) {
    this.count = page.events.length;
    const parts: Buffer[] = [Buffer.from('{"events":[')];
    page.events.forEach((event, index) => {
      if (index > 0) parts.push(Buffer.from(','));
      parts.push(...eventParts(event));
    });
    const rest = JSON.stringify(members, withBigints).slice(1);
    const digest = createHash('sha256');
    for (const part of parts) digest.update(part);
    const { horizon: _, head: __, next, ...stable } = members;
    // At the end `next` follows the head: from an older one nothing is missed.
    if (stable.more !== false) stable.next = next;
    digest.update(JSON.stringify(stable, withBigints));
    this.tag = digest.digest('base64url').slice(0, 22);
    parts.push(Buffer.from(rest === '}' ? ']}' : `],${rest}`));
    this.bytes = Buffer.concat(parts);
  }
}

/** A page as newline-delimited JSON: an event a line, as in {@link EventBytes}. */
export function eventLines(page: EventPage): Buffer {
  const newline = Buffer.from('\n');
  return Buffer.concat(page.events.flatMap((event) => [...eventParts(event), newline]));
}

/** JSON.stringify's replacer: positions are larger than a number holds. */
export function withBigints(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? value.toString() : value;
}

function eventParts(event: RecordedEvent): Buffer[] {
  const head = JSON.stringify(
    {
      position: event.position,
      recordedAt: event.recordedAt,
      class: event.class,
      ...(event.duplicateOf === null ? {} : { duplicateOf: event.duplicateOf }),
    },
    withBigints,
  ).slice(0, -1);
  if (event.type === 'quarantined') {
    const { node, epoch, seq } = event;
    const whose = JSON.stringify({ node, epoch, seq }).slice(1);
    return [Buffer.from(`${head},"quarantined":"${event.body.toString('base64')}",${whose}`)];
  }
  return [Buffer.from(`${head},"event":`), event.body, Buffer.from('}')];
}
