import type { EventPage, RecordedEvent } from '#record';

/** An answer that holds recorded events: its JSON is put together around their bytes, which stay as they were signed. */
export class EventBytes {
  readonly bytes: Buffer;

  /** @param members of the answer's object beside `events`; bigints become strings */
  constructor(
    page: EventPage,
    members: Record<string, unknown>,
    readonly horizon?: bigint,
  ) {
    const parts: Buffer[] = [Buffer.from('{"events":[')];
    page.events.forEach((event, index) => {
      if (index > 0) parts.push(Buffer.from(','));
      parts.push(...eventParts(event));
    });
    const rest = JSON.stringify(members, withBigints).slice(1);
    parts.push(Buffer.from(rest === '}' ? ']}' : `],${rest}`));
    this.bytes = Buffer.concat(parts);
  }
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
