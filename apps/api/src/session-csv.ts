import type { SessionView } from '#record';

const COLUMNS = [
  'id',
  'openedAt',
  'closedAt',
  'lastActivityAt',
  'state',
  'outcome',
  'reason',
  'identityId',
  'identityKind',
  'identityName',
  'identityEmail',
  'identityVerified',
  'onBehalfOf',
  'connection',
  'connectionType',
  'sensitivity',
  'commands',
  'failed',
  'rows',
  'bytesIn',
  'bytesOut',
  'approvalRequired',
  'approvalState',
  'node',
] as const satisfies (keyof SessionView)[];

/** RFC 4180. */
export const CSV_HEAD = `${COLUMNS.join(',')}\r\n`;

export function csvLine(session: SessionView): string {
  return `${COLUMNS.map((column) => cell(session[column])).join(',')}\r\n`;
}

/**
 * A spreadsheet runs what begins with one of these as a formula, quoted or not, and what agents call themselves is their choice: a quote
 * before it makes it text (OWASP, "CSV Injection", read 2026-11-29). Full-width forms are taken for the others by some.
 */
const FORMULA = /^[\s\p{Cc}\p{Cf}]*[=+\-@\t\r\n＝＋－＠]/u;

function cell(value: string | number | boolean | null): string {
  if (value === null) return '';
  if (typeof value !== 'string') return String(value);
  const text = FORMULA.test(value) ? `'${value}` : value;
  return `"${text.replaceAll('"', '""')}"`;
}
