import type { RecordedEventView } from './api-types.js';

/** What an event says, in one line for people. The whole is in its JSON. */
export function eventSentence(event: RecordedEventView): string {
  const data = event.event?.data ?? {};
  const text = (key: string) =>
    typeof data[key] === 'string' || typeof data[key] === 'number' ? String(data[key]) : '';
  switch (event.event?.type) {
    case 'command.issued':
      return statement(data.statement) || text('kind');
    case 'command.completed': {
      const error = data.error as { sqlstate?: string; message?: string } | undefined;
      if (error) return `${text('outcome')}: ${error.sqlstate} ${error.message}`;
      return [
        Array.isArray(data.tags) ? data.tags.join(', ') : text('outcome'),
        `${Number(data.durationUs ?? 0) / 1000} ms`,
      ].join(', ');
    }
    case 'session.closed':
      return `${text('outcome')}: ${text('commands')} commands, ${text('failed')} failed, ${text('rows')} rows`;
    case 'session.denied':
      return (data.error as { message?: string } | undefined)?.message ?? '';
    case 'producer.lost':
      return `${text('node')}/${text('epoch')} lacks ${text('from')}–${text('to')}`;
    case undefined:
      return 'bytes that could not be taken apart';
    default:
      return ['reason', 'what', 'key', 'node', 'version', 'by']
        .map((key) => text(key) && `${key} ${text(key)}`)
        .filter(Boolean)
        .join(', ');
  }
}

function statement(value: unknown): string {
  if (typeof value !== 'object' || value === null) return '';
  const { text, base64, truncated } = value as { text?: string; base64?: string; truncated?: boolean };
  return `${text ?? base64 ?? ''}${truncated ? ' …' : ''}`;
}
