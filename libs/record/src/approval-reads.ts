import { decodeCursor, encodeCursor } from './cursors.js';
import { instantSql } from './head.js';
import type { Queryable } from './pool.js';

export const APPROVAL_ACTS = ['requested', 'granted', 'rejected', 'expired', 'bypassed'] as const;
export type ApprovalAct = (typeof APPROVAL_ACTS)[number];

/** What is left out does not restrict. */
export interface ApprovalFilter {
  /** Recorded at or after. */
  from?: string;
  /** Recorded before. */
  to?: string;
  state?: ApprovalAct;
  session?: string;
  identity?: string;
  kind?: string;
  connection?: string;
  connections?: readonly string[];
}

/** One act about an approval, as it was recorded. */
export interface ApprovalView {
  position: bigint;
  recordedAt: string;
  at: string | null;
  state: ApprovalAct;
  approval: string | null;
  session: string | null;
  identity: string | null;
  connection: string | null;
  command: string | null;
  by: string | null;
  reason: string | null;
}

// Word for word the condition of the index event_approval, so that the planner sees that it fits.
const IS_APPROVAL = `type IN ('approval.requested', 'approval.granted', 'approval.rejected', 'approval.expired', 'approval.bypassed')`;

/**
 * What was asked for, granted, refused or gone around, newest first.
 * @throws RECORD_CURSOR_INVALID
 */
export async function listApprovals(
  db: Queryable,
  filter: ApprovalFilter,
  page: { limit: number; cursor?: string },
): Promise<{ approvals: ApprovalView[]; cursor?: string }> {
  const asked = ['approvals', filter];
  const values: unknown[] = [page.limit + 1];
  const conditions = [IS_APPROVAL];
  const add = (condition: (parameter: string) => string, value: unknown) => {
    if (value !== undefined) conditions.push(condition(`$${values.push(value)}`));
  };
  if (page.cursor !== undefined) {
    const [before = ''] = decodeCursor(page.cursor, asked, 1);
    add((p) => `position < ${p}::bigint`, /^\d{1,18}$/.test(before) ? before : '0');
  }
  add((p) => `recorded_at >= ${p}`, filter.from);
  add((p) => `recorded_at < ${p}`, filter.to);
  add((p) => `type = ${p}`, filter.state && `approval.${filter.state}`);
  add((p) => `session_id = ${p}`, filter.session);
  add((p) => `identity_id = ${p}`, filter.identity);
  add((p) => `identity_kind = ${p}`, filter.kind);
  add((p) => `connection = ${p}`, filter.connection);
  add((p) => `connection = ANY(${p})`, filter.connections);
  const { rows } = await db.query<Omit<ApprovalView, 'approval' | 'command' | 'by' | 'reason'> & { body: Buffer }>(
    `SELECT position, ${instantSql('recorded_at')} AS "recordedAt", ${instantSql('occurred_at')} AS at, substr(type, 10) AS state,
            session_id AS session, identity_id AS identity, connection, body
       FROM event WHERE ${conditions.join(' AND ')} ORDER BY position DESC LIMIT $1`,
    values,
  );
  const approvals = rows.slice(0, page.limit).map(({ body, ...row }): ApprovalView => {
    const { data } = JSON.parse(body.toString('utf8')) as { data: Record<string, unknown> };
    const text = (name: string) => (typeof data[name] === 'string' ? data[name] : null);
    return { ...row, approval: text('approval'), command: text('command'), by: text('by'), reason: text('reason') };
  });
  const last = approvals.at(-1);
  if (rows.length <= page.limit || !last) return { approvals };
  return { approvals, cursor: encodeCursor(asked, [String(last.position)]) };
}
