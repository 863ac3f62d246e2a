import type { RecordedEvent } from '#record';

/** `<epoch>.<seq>`: under this name an event is found in the record and at the destination. */
export function eventIdOf(event: Pick<RecordedEvent, 'epoch' | 'seq'>): string {
  return `${event.epoch}.${event.seq}`;
}
