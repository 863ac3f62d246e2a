import { decodeCursor, encodeCursor } from './cursors.js';
import type { Queryable } from './pool.js';

/** Which sessions a facet is read from; what is left out does not restrict. */
export interface FacetFilter {
  /** Opened at or after; an instant as the record writes it. */
  from?: string;
  /** Opened before. */
  to?: string;
  identity?: string;
  kind?: string;
  connection?: string;
  connections?: readonly string[];
  type?: string;
}

export interface IdentityView {
  id: string;
  /** As its last session says. */
  kind: string | null;
  name: string | null;
  email: string | null;
  onBehalfOf: string | null;
  firstSessionAt: string;
  lastSessionAt: string;
  lastSession: string;
}

export interface ConnectionView {
  name: string;
  type: string | null;
  sensitivity: string | null;
  firstSessionAt: string;
  lastSessionAt: string;
  lastSession: string;
}

export interface FacetPage<T> {
  rows: T[];
  cursor?: string;
}

const FACETS = {
  identity: {
    column: 'identity_id',
    shown: `identity_kind AS kind, identity_name AS name, identity_email AS email, on_behalf_of AS "onBehalfOf"`,
    as: 'id',
  },
  connection: { column: 'connection', shown: 'connection_type AS type, sensitivity', as: 'name' },
} as const;

/** Who is on the record, by id. */
export function listIdentities(db: Queryable, filter: FacetFilter, page: { limit: number; cursor?: string }) {
  return listFacet<IdentityView>(db, 'identity', filter, page);
}

/** What was reached, by name. */
export function listConnections(db: Queryable, filter: FacetFilter, page: { limit: number; cursor?: string }) {
  return listFacet<ConnectionView>(db, 'connection', filter, page);
}

/**
 * Goes from value to value through the index of the facet, so that a page costs as much among ten million sessions as among ten; each
 * value takes two look-ups, for its first session and its last.
 */
async function listFacet<T extends object>(
  db: Queryable,
  facet: keyof typeof FACETS,
  filter: FacetFilter,
  page: { limit: number; cursor?: string },
): Promise<FacetPage<T>> {
  const { column, shown, as } = FACETS[facet];
  const asked = [facet, filter];
  const after = page.cursor === undefined ? null : decodeCursor(page.cursor, asked, 1)[0];
  const values: unknown[] = [after, page.limit + 1];
  const conditions = conditionsOf(filter, values).join(' AND ');
  const { rows } = await db.query<T & { value: string }>(
    `WITH RECURSIVE v (value) AS (
       (SELECT ${column} FROM session WHERE ${column} IS NOT NULL AND ($1::text IS NULL OR ${column} > $1) AND ${conditions}
         ORDER BY ${column} LIMIT 1)
       UNION ALL
       SELECT (SELECT ${column} FROM session WHERE ${column} > v.value AND ${conditions} ORDER BY ${column} LIMIT 1)
         FROM v WHERE v.value IS NOT NULL
     )
     SELECT v.value, v.value AS ${as}, last.*, first.opened_at AS "firstSessionAt"
       FROM (SELECT value FROM v WHERE value IS NOT NULL LIMIT $2) AS v
       CROSS JOIN LATERAL (SELECT ${shown}, opened_at AS "lastSessionAt", id AS "lastSession" FROM session
                            WHERE ${column} = v.value AND ${conditions} ORDER BY opened_at DESC, session.id DESC LIMIT 1) AS last
       CROSS JOIN LATERAL (SELECT opened_at FROM session WHERE ${column} = v.value AND ${conditions} ORDER BY opened_at, session.id LIMIT 1) AS first
      ORDER BY v.value`,
    values,
  );
  const pageRows = rows.slice(0, page.limit);
  const last = pageRows.at(-1);
  const found = pageRows.map(({ value: _, ...row }) => row as unknown as T);
  return rows.length <= page.limit || !last
    ? { rows: found }
    : { rows: found, cursor: encodeCursor(asked, [last.value]) };
}

export interface TouchView {
  identity: string | null;
  kind: string | null;
  onBehalfOf: string | null;
  /** False: in some of its sessions only claimed. */
  isVerified: boolean;
  sessions: number;
  denied: number;
  bypassed: number;
  commands: number;
  failed: number;
  rows: number;
  firstSessionAt: string;
  lastSessionAt: string;
  lastSession: string;
}

/** Who had sessions on a connection, the last first. Reads all its sessions of the time. */
export async function whoTouched(
  db: Queryable,
  filter: FacetFilter & { connection: string },
  limit: number,
): Promise<TouchView[]> {
  const values: unknown[] = [limit];
  const { rows } = await db.query<TouchView>(
    `SELECT identity_id AS identity, identity_kind AS kind, on_behalf_of AS "onBehalfOf", bool_and(coalesce(identity_verified, false)) AS "isVerified",
            count(*)::float8 AS sessions, (count(*) FILTER (WHERE state = 'denied'))::float8 AS denied,
            (count(*) FILTER (WHERE approval_state = 'bypassed'))::float8 AS bypassed, sum(commands)::float8 AS commands,
            sum(failed)::float8 AS failed, sum(rows)::float8 AS rows, min(opened_at) AS "firstSessionAt", max(opened_at) AS "lastSessionAt",
            (array_agg(id ORDER BY opened_at DESC, id DESC))[1] AS "lastSession"
       FROM session WHERE ${conditionsOf(filter, values).join(' AND ')}
      GROUP BY 1, 2, 3 ORDER BY max(opened_at) DESC, 1 LIMIT $1`,
    values,
  );
  return rows;
}

function conditionsOf(filter: FacetFilter, values: unknown[]): string[] {
  const conditions = ['true'];
  const add = (condition: (parameter: string) => string, value: unknown) => {
    if (value !== undefined) conditions.push(condition(`$${values.push(value)}`));
  };
  add((p) => `opened_at >= ${p}`, filter.from);
  add((p) => `opened_at < ${p}`, filter.to);
  add((p) => `identity_id = ${p}`, filter.identity);
  add((p) => `identity_kind = ${p}`, filter.kind);
  add((p) => `connection = ${p}`, filter.connection);
  add((p) => `connection = ANY(${p})`, filter.connections);
  add((p) => `connection_type = ${p}`, filter.type);
  return conditions;
}
