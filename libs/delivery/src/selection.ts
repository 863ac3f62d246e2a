import type { Queryable, RecordedEvent } from '#record';

/** Which events, by what their columns say. What is absent does not restrict; `{}` is everything. */
export interface EventSelection {
  /** Names of types; one that ends with `.*` stands for all that begin so. */
  types?: readonly string[] | undefined;
  connections?: readonly string[] | undefined;
  identities?: readonly string[] | undefined;
  sessions?: readonly string[] | undefined;
}

export const EVERYTHING: EventSelection = {};

/** Whether an event is one of those. A second copy of an external event never is. */
export function selects(selection: EventSelection, event: RecordedEvent): boolean {
  const { types, connections, identities, sessions } = selection;
  if (event.duplicateOf !== null) return false;
  if (types && !types.some((type) => isOfType(event.type, type))) return false;
  if (connections && !names(connections, event.connection)) return false;
  if (identities && !names(identities, event.identityId)) return false;
  return !sessions || names(sessions, event.sessionId);
}

function isOfType(type: string, wanted: string): boolean {
  return wanted.endsWith('.*') ? type.startsWith(wanted.slice(0, -1)) : type === wanted;
}

function names(list: readonly string[], value: string | null): boolean {
  return value !== null && list.includes(value);
}

/** One text for one selection, whatever the order in which it was written. */
export function selectionText(selection: EventSelection): string {
  const { types, connections, identities, sessions } = selection;
  const sorted = (list: readonly string[] | undefined) => (list ? [...new Set(list)].sort() : undefined);
  return JSON.stringify({
    types: sorted(types),
    connections: sorted(connections),
    identities: sorted(identities),
    sessions: sorted(sessions),
  });
}

/** What decides which events of a range go into its batches. */
export interface Choice {
  destination: string;
  filterVersion: number;
  /** The replay or backfill that it belongs to. */
  plan: string | null;
  /** Where it begins. What belongs to a plan lies within one of its blocks. */
  fromPos: bigint;
}

/** Filters and plans out of the ledger. Neither ever changes, so each is read once. */
export class Selections {
  private readonly known = new Map<string, EventSelection>();

  /** @throws TypeError for a filter or a plan that the ledger does not have */
  async of(db: Queryable, choice: Choice): Promise<(event: RecordedEvent) => boolean> {
    const filter = await this.one(
      `filter ${choice.destination} ${choice.filterVersion}`,
      db,
      'SELECT selection FROM delivery_filter WHERE destination = $1 AND version = $2',
      [choice.destination, choice.filterVersion],
    );
    if (choice.plan === null) return (event) => selects(filter, event);
    const plan = await this.one(`plan ${choice.plan}`, db, 'SELECT selection FROM delivery_plan WHERE id = $1', [
      choice.plan,
    ]);
    const isLeftOut = await leftOutOf(db, choice.plan, choice.fromPos);
    return (event) => selects(filter, event) && selects(plan, event) && !isLeftOut(event.position);
  }

  private async one(name: string, db: Queryable, sql: string, values: unknown[]): Promise<EventSelection> {
    const known = this.known.get(name);
    if (known) return known;
    const { rows } = await db.query<{ selection: EventSelection }>(sql, values);
    const found = rows[0]?.selection;
    if (!found) throw new TypeError(`the delivery ledger has no ${name}`);
    if (this.known.size > 1_000) this.known.clear();
    this.known.set(name, found);
    return found;
  }
}

/** What a plan leaves out of the block that holds this position, although its selection lets it through. */
async function leftOutOf(db: Queryable, plan: string, at: bigint): Promise<(position: bigint) => boolean> {
  const { rows } = await db.query<{ from_pos: bigint; left_out: Buffer | null }>(
    'SELECT from_pos, left_out FROM delivery_plan_block WHERE plan = $1 AND from_pos <= $2 ORDER BY from_pos DESC LIMIT 1',
    [plan, at],
  );
  const [block] = rows;
  const bits = block?.left_out;
  return bits ? (position) => hasBit(bits, Number(position - block.from_pos)) : () => false;
}

/** Whether bit `n` is set, counted from the left. Beyond the end none is. */
export function hasBit(bits: Buffer, n: number): boolean {
  return ((bits[n >> 3] ?? 0) & (0x80 >> (n & 7))) !== 0;
}

/** Sets bit `n`. @throws RangeError beyond the end */
export function setBit(bits: Buffer, n: number): void {
  bits.writeUInt8(bits.readUInt8(n >> 3) | (0x80 >> (n & 7)), n >> 3);
}

/** The filter that new batches of a destination are cut with. */
export async function newestFilterVersion(db: Queryable, destination: string): Promise<number> {
  const { rows } = await db.query<{ version: number }>(
    'SELECT max(version) AS version FROM delivery_filter WHERE destination = $1',
    [destination],
  );
  const version = rows[0]?.version;
  if (!version) throw new TypeError(`the delivery ledger has no destination ${destination}`);
  return version;
}
