/** To what a key is limited; what is left out does not limit. Instants are RFC 3339, UTC, six digits. */
export interface AccessLimits {
  /** Events recorded, sessions opened at or after. */
  from?: string;
  /** And before. */
  to?: string;
  /** On one of these; what belongs to no connection is then not shown either. */
  connections?: readonly string[];
}

/** The members of a filter that limits bear on. */
export interface LimitedFilter {
  from?: string;
  to?: string;
  connection?: string;
  /** Any of these. */
  connections?: readonly string[];
}

/**
 * What of a filter lies within the limits of whoever asks.
 * @returns undefined where nothing does: he named what he may not know
 */
export function withinLimits<T extends LimitedFilter>(filter: T, limits: AccessLimits | null): T | undefined {
  if (!limits) return filter;
  const { connections } = limits;
  const from = latest(filter.from, limits.from);
  const to = earliest(filter.to, limits.to);
  if (from !== undefined && to !== undefined && from >= to) return undefined;
  const narrowed = { ...filter, ...(from === undefined ? {} : { from }), ...(to === undefined ? {} : { to }) };
  if (!connections) return narrowed;
  if (filter.connection !== undefined) return connections.includes(filter.connection) ? narrowed : undefined;
  const both = filter.connections ? filter.connections.filter((name) => connections.includes(name)) : connections;
  return both.length === 0 ? undefined : { ...narrowed, connections: both };
}

/** Whether limits leave room for a session, or anything else with a time and a connection. */
export function isWithin(limits: AccessLimits | null, one: { at: string; connection: string | null }): boolean {
  if (!limits) return true;
  if (limits.from !== undefined && one.at < limits.from) return false;
  if (limits.to !== undefined && one.at >= limits.to) return false;
  return !limits.connections || (one.connection !== null && limits.connections.includes(one.connection));
}

// Instants of one form order as text does.
function latest(a: string | undefined, b: string | undefined): string | undefined {
  return a === undefined || (b !== undefined && b > a) ? b : a;
}

function earliest(a: string | undefined, b: string | undefined): string | undefined {
  return a === undefined || (b !== undefined && b < a) ? b : a;
}
