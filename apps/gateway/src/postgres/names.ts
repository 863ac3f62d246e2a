/** What became of a message: the server did it, refused it, or never looked at it. */
export type Answer = 'done' | 'failed' | 'skipped';

/** A message that will define or drop a name once the server has answered it. */
export interface NameChange {
  settle(answer: Answer): void;
}

export type Lookup<T> =
  | { state: 'known'; value: T }
  /** The wire never showed this name, or showed that it is gone. */
  | { state: 'absent' }
  /** It depends on an answer that is not here yet. */
  | { state: 'open' };

/**
 * PostgreSQL keeps statements and portals under at most 63 bytes of their name (NAMEDATALEN), so two longer names that
 * begin alike are one name there, and must be one here.
 */
const NAME_BYTES = 63;

/** The key of a name as it stands on the wire, whatever its encoding. */
export function nameKey(raw: Buffer): string {
  return raw.toString('latin1', 0, Math.min(raw.length, NAME_BYTES));
}

/**
 * What a name stands for *at the server*: prepared statements or portals of one session.
 *
 * A name changes only when the server says so, yet the next use of it is often on its way before that. What is certain
 * before the answer: within one group (the messages up to a Sync) a use runs only if the change before it worked, since
 * after a failure the server skips the rest of the group. A change of an earlier group that is still unanswered leaves
 * it open, and the use has to wait: else a second Parse of a known name, which fails, would put its text on record in
 * place of the text that really runs.
 */
export class NameTable<T> {
  #current = new Map<string, T>();
  #latest = new Map<string, Change<T>>();
  #displaced: (value: T) => void;

  /** @param displaced told of each value whose name was taken over or dropped */
  constructor(displaced: (value: T) => void = () => undefined) {
    this.#displaced = displaced;
  }

  /** What the server holds under this name as far as it has answered. */
  current(key: string): T | undefined {
    return this.#current.get(key);
  }

  values(): Iterable<T> {
    return this.#current.values();
  }

  define(key: string, value: T, group: number): NameChange {
    return this.#change(key, group, value);
  }

  drop(key: string, group: number): NameChange {
    return this.#change(key, group, undefined);
  }

  lookup(key: string, group: number): Lookup<T> {
    const change = this.#latest.get(key);
    if (change && change.group !== group) return { state: 'open' };
    const value = change ? change.value : this.#current.get(key);
    return value === undefined ? { state: 'absent' } : { state: 'known', value };
  }

  clear(): void {
    const values = [...this.#current.values()];
    this.#current.clear();
    for (const value of values) this.#displaced(value);
  }

  #change(key: string, group: number, value: T | undefined): NameChange {
    const change = new Change<T>(group, value, (answer) => {
      if (this.#latest.get(key) === change) this.#latest.delete(key);
      const before = this.#current.get(key);
      if (answer === 'done' && value !== undefined) this.#current.set(key, value);
      // A Parse or Bind that fails has already dropped the unnamed one; a named one stays as it was.
      else if (answer === 'done' || (answer === 'failed' && key === '')) this.#current.delete(key);
      else return;
      if (before !== undefined && before !== value) this.#displaced(before);
    });
    this.#latest.set(key, change);
    return change;
  }
}

class Change<T> implements NameChange {
  readonly group: number;
  readonly value: T | undefined;
  readonly settle: (answer: Answer) => void;

  constructor(group: number, value: T | undefined, settle: (answer: Answer) => void) {
    this.group = group;
    this.value = value;
    this.settle = settle;
  }
}
