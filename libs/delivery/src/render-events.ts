import { setImmediate as immediately } from 'node:timers/promises';
import type { RecordedEvent } from '#record';

const RENDERED_AT_ONCE = 100;

/** Renders one event after the other. A thousand take ten milliseconds: cutting, claims and answers of others come in between. */
export async function renderEvents(
  events: readonly RecordedEvent[],
  render: (event: RecordedEvent) => string,
): Promise<string[]> {
  const rendered: string[] = [];
  for (const event of events) {
    rendered.push(render(event));
    if (rendered.length % RENDERED_AT_ONCE === 0) await immediately();
  }
  return rendered;
}
