import type { AuditEvent } from '#events';
import { instantOfMicros, SYSTEM_CLASS } from '#events';
import type { Queryable } from './pool.js';

/** The retention classes in force, and which of them stands in for one that is missing or unknown. */
export interface RetentionClasses {
  names: ReadonlySet<string>;
  /**
   * The longest in force among the classes of sessions, that is, without `system` (which outlives all, but would hide
   * that a session's class was wrong). For ever is longer than any time. `system` where it is the only one.
   */
  longest: string;
}

export async function readRetentionClasses(db: Queryable): Promise<RetentionClasses> {
  const { rows } = await db.query<{ name: string }>(
    'SELECT name FROM retention_class ORDER BY name = $1, keep DESC NULLS FIRST, name',
    [SYSTEM_CLASS],
  );
  return { names: new Set(rows.map((row) => row.name)), longest: rows[0]?.name ?? SYSTEM_CLASS };
}

/** The class under which an event is recorded. What cannot be read at all is kept longest, too. */
export function effectiveClass(event: AuditEvent | undefined, classes: RetentionClasses): string {
  if (!event) return classes.longest;
  if (event.session === undefined) return SYSTEM_CLASS;
  return classes.names.has(event.class) ? event.class : classes.longest;
}

/** Knows which partitions exist, and has them made ahead: the current period and the next. */
export class Partitions {
  private readonly coveredUntilUs = new Map<string, bigint>();

  /** True where rows of these classes at this time have their partitions, as far as this process knows. */
  covers(classes: Iterable<string>, atUs: bigint): boolean {
    for (const name of classes) {
      if ((this.coveredUntilUs.get(name) ?? 0n) <= atUs) return false;
    }
    return true;
  }

  /** Makes what is missing for these classes, in a transaction of its own: creating a partition waits for readers. */
  async ensure(db: Queryable, classes: Iterable<string>, atUs: bigint): Promise<void> {
    const at = instantOfMicros(atUs);
    for (const name of classes) {
      await db.query(
        `SELECT ensure_partitions(name, $2, $2::timestamptz + CASE WHEN keep <= '90 days' THEN '1 day' ELSE '1 month' END::interval)
           FROM retention_class WHERE name = $1`,
        [name, at],
      );
      const { rows } = await db.query<{ until: bigint | null }>(
        `SELECT (extract(epoch FROM max(to_at)) * 1000000)::bigint AS until FROM partition WHERE class = $1 AND state = 'open'`,
        [name],
      );
      this.coveredUntilUs.set(name, rows[0]?.until ?? 0n);
    }
  }

  forget(): void {
    this.coveredUntilUs.clear();
  }
}
