import { createPublicKey, type KeyObject } from 'node:crypto';
import type { NodeName } from '#events';
import { findProducerKey, type Queryable } from '#record';

/** An enrolled key, ready to verify with. */
export interface VerifyingKey {
  node: NodeName;
  publicKey: KeyObject;
  revoked: boolean;
}

/** A revocation takes effect within this time; a new enrolment, and what nobody enrolled, is looked up as often. */
const MAX_AGE_MS = 2_000;
const MOST_KEYS = 10_000;

/** The enrolled keys, as Postgres holds them, remembered for a moment. */
export class ProducerKeys {
  private readonly known = new Map<string, { key: VerifyingKey | undefined; readAtMs: number }>();

  constructor(
    private readonly db: Queryable,
    private readonly now: () => number = Date.now,
  ) {}

  /** The key that a frame names; undefined where nobody enrolled it. */
  async find(keyId: Buffer): Promise<VerifyingKey | undefined> {
    const name = keyId.toString('hex');
    const known = this.known.get(name);
    if (known && this.now() - known.readAtMs < MAX_AGE_MS) return known.key;
    const row = await findProducerKey(this.db, keyId);
    const key = row && {
      node: row.node,
      publicKey: known?.key?.publicKey ?? createPublicKey({ key: row.publicKey, format: 'der', type: 'spki' }),
      revoked: row.revoked,
    };
    // A flood of made-up key ids must not fill the memory.
    if (this.known.size >= MOST_KEYS) this.known.clear();
    this.known.set(name, { key, readAtMs: this.now() });
    return key;
  }
}
