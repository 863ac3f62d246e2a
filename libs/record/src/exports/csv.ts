import type { AuditEvent } from '#events';
import type { RecordedEvent } from '../read-events.js';
import { QUARANTINED } from '../recorded-row.js';

// RFC 4180: fields with quotes around what needs them, lines that end with CRLF.

const HEAD = [
  ...['position', 'recorded_at', 'occurred_at', 'type', 'session', 'identity', 'identity_kind', 'identity_verified'],
  ...['on_behalf_of', 'connection', 'outcome', 'command', 'statement', 'statement_sha256', 'rows', 'error', 'reason'],
  ...['class', 'event', 'body'],
];

/** With the byte order mark, without which spreadsheets take UTF-8 for something else. */
export const CSV_HEAD = `\uFEFF${HEAD.join(',')}\r\n`;

/** What a spreadsheet would calculate is made text: OWASP, "CSV Injection" (read 2026-11-29). Numbers of ours are not touched. */
const FORMULA = /^\s*[=+\-@|%\t\r\uFF0B\uFF0D\uFF1D\uFF20]/u;

/** An event as a line for people. The last column is the whole of it, as recorded (quarantined bytes in base64). */
export function csvLine(row: RecordedEvent): string {
  // The recorder has decoded it before, and set aside what could not be.
  const event = row.type === QUARANTINED ? undefined : (JSON.parse(row.body.toString('utf8')) as AuditEvent);
  const data = (event?.data ?? {}) as Record<string, unknown>;
  const statement = (data.statement ?? {}) as { text?: string; base64?: string; sha256?: string };
  const fields = [
    ...[row.position, row.recordedAt, row.occurredAt, row.type, row.sessionId, row.identityId, row.identityKind],
    ...[event?.identity?.verified, event?.identity?.onBehalfOf, row.connection, row.outcome, data.command],
    ...[statement.text ?? statement.base64, statement.sha256, data.rows, errorOf(data), data.reason, row.class],
    ...[`${row.epoch}.${row.seq}`, event ? row.body.toString('utf8') : row.body.toString('base64')],
  ];
  return `${fields.map(csvField).join(',')}\r\n`;
}

function errorOf(data: Record<string, unknown>): string | undefined {
  const error = data.error as { sqlstate?: string; code?: string; message?: string } | undefined;
  return error && `${error.sqlstate ?? error.code ?? ''} ${error.message ?? ''}`.trim();
}

/** One field: text that begins like a formula gets an apostrophe before it, and is text again. */
export function csvField(value: unknown): string {
  if (value === null || value === undefined) return '';
  if (typeof value !== 'string') return String(value);
  const text = FORMULA.test(value) ? `'${value}` : value;
  return /[",\r\n']|^\s|\s$/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
