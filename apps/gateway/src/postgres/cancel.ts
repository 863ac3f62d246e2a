import { randomBytes, randomInt, timingSafeEqual } from 'node:crypto';
import type { PostgresSession } from './session.js';

/** What a client needs to cancel a session's command: ours, never the target's. */
export interface CancelKey {
  /** Tells the sessions of this process apart. */
  pid: number;
  secret: Buffer;
}

/**
 * The cancel keys of this process. A cancel request comes on a connection of its own and says nothing but pid and secret.
 */
export class CancelKeys {
  #sessions = new Map<number, { secret: Buffer; session: PostgresSession }>();

  /** A key that no session of this process has. */
  make(): CancelKey {
    let pid = randomInt(1, 0x7fff_ffff);
    while (this.#sessions.has(pid)) pid = randomInt(1, 0x7fff_ffff);
    return { pid, secret: randomBytes(4) };
  }

  add(key: CancelKey, session: PostgresSession): void {
    this.#sessions.set(key.pid, { secret: key.secret, session });
  }

  remove(key: CancelKey): void {
    this.#sessions.delete(key.pid);
  }

  /** The session that a cancel request is about; undefined where pid or secret is wrong. */
  find(pid: number, secret: Buffer): PostgresSession | undefined {
    const found = this.#sessions.get(pid);
    if (!found || found.secret.length !== secret.length) return undefined;
    return timingSafeEqual(found.secret, secret) ? found.session : undefined;
  }
}
