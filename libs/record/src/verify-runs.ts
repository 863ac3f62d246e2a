import { decodeEvent, microsOfInstant } from '#events';
import { checkRun, Findings, type HeadKey, RunChecker, rawOfSpki, sha256, toHex } from '#ledger';
import { runsBetween } from './evidence/runs.js';
import { instantSql, readHead } from './head.js';
import type { Queryable } from './pool.js';
import { RECORDED_EVENT_COLUMNS, type RecordedEvent } from './read-events.js';
import type { Difference } from './verify-positions.js';

// Whether anything is missing among what producers sent: numbers without a hole, chains that lead from run to run to what each producer
// signed. By leaf data alone, so also over what a purge took. The same checks as of a bundle (libs/ledger/src/evidence/runs.ts).

/** What the record itself says of producers' numbers. */
const TOLD = ['producer.lost', 'producer.started', 'producer.stopped'];
const WINDOW = 200_000;

/**
 * Checks all runs below `size`.
 * @param size positions; what a producer's next run says of the one before is believed to come later, where it is not here yet
 * @param rest called after some hundred runs, and waited for
 */
export async function verifyRuns(db: Queryable, size: number, rest: () => Promise<void>): Promise<Difference[]> {
  const findings = new Findings();
  const checker = new RunChecker({ from: 0, to: size, isWhole: true, reachesEnd: false }, findings);
  const { log } = await readHead(db);
  const keys = await readHeadKeys(db);
  let runs = 0;
  for await (const { line } of runsBetween(db, 0, size)) {
    const where = `position ${line.first}`;
    try {
      checker.run(checkRun(line, log, keys, where).run, where);
    } catch (error) {
      findings.thrown(error, where);
    }
    if (++runs % 200 === 0) await rest();
  }
  await tell(db, size, checker);
  checker.finish();
  return findings.problems.map(({ code, message, where }) => ({
    position: BigInt(/\d+/.exec(where)?.[0] ?? size - 1),
    code: 'run-differs',
    message: `${code}: ${message}`,
  }));
}

async function tell(db: Queryable, size: number, checker: RunChecker): Promise<void> {
  for (let from = 0; from < size; from += WINDOW) {
    const { rows } = await db.query<RecordedEvent>(
      `SELECT ${RECORDED_EVENT_COLUMNS} FROM event
        WHERE class = 'system' AND position >= $1 AND position < $2 AND type = ANY ($3) ORDER BY position`,
      [from, Math.min(from + WINDOW, size), TOLD],
    );
    for (const { position, body } of rows) {
      const event = decodeEvent(body);
      if (event.type === 'producer.lost') checker.lose(event.data);
      if (event.type === 'producer.stopped') checker.stop(event.epoch);
      if (event.type === 'producer.started' && event.data.previous) {
        checker.start({ position: Number(position), node: event.node, ...event.data.previous });
      }
    }
  }
}

/** Keys that producers sign or signed with, and the log's own. */
async function readHeadKeys(db: Queryable): Promise<HeadKey[]> {
  const { rows } = await db.query<{ node: string; key: Buffer; revokedAt: string | null }>(
    `SELECT node, public_key AS key, ${instantSql('revoked_at')} AS "revokedAt" FROM producer_key
      UNION ALL SELECT 'record', mark_public_key, NULL FROM log_head WHERE mark_public_key IS NOT NULL`,
  );
  return rows.flatMap(({ node, key, revokedAt }) => {
    const publicKey = rawOfSpki(key);
    if (!publicKey) return [];
    const keyId = toHex(sha256(key).subarray(0, 8));
    return [{ node, keyId, publicKey, ...(revokedAt === null ? {} : { revokedAtUs: microsOfInstant(revokedAt) }) }];
  });
}
