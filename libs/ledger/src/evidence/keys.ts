import { microsOfInstant } from '#events';
import { sha256 } from '../chain.js';
import { rawOfSpki, verifyEd25519 } from '../ed25519.js';
import { fromBase64, toBase64 } from '../native-bytes.js';
import { parseNoteKey } from '../note.js';
import { isEqual } from '../proofs.js';
import { toHex, utf8 } from '../text-bytes.js';
import type { EvidenceKeys } from './format.js';
import type { VerifyKeys } from './jobs.js';
import type { Findings } from './report.js';

/** What a key that is replaced signs: that `next` follows it in this log. */
export function rekeyingStatement(log: string, next: Uint8Array): Uint8Array {
  return utf8(`affidavit/checkpoint-key/v1\n${log}\n${toBase64(next)}\n`);
}

/** A key that the auditor has from elsewhere: the whole of it, or its SHA-256. */
export type TrustedKey = { publicKey: Uint8Array } | { sha256: string };

/**
 * Reads a key as people pass it on: base64 of its 32 bytes, a key of signed notes (`<name>+<id>+<base64>`), or 64 hex digits of SHA-256
 * over its 32 bytes. Undefined where the text is none of these.
 */
export function parseTrustedKey(text: string): TrustedKey | undefined {
  if (/^[0-9a-f]{64}$/.test(text)) return { sha256: text };
  const publicKey = fromBase64(text);
  if (publicKey?.length === 32) return { publicKey };
  try {
    return { publicKey: parseNoteKey(text).publicKey };
  } catch {
    return undefined;
  }
}

/** Who may sign what, as the bundle lists it and the auditor knows it. */
export class KeyRing {
  readonly verify: VerifyKeys;
  private readonly trusted: Uint8Array[];

  constructor(
    log: string,
    keys: EvidenceKeys,
    private readonly given: readonly TrustedKey[],
    findings: Findings,
  ) {
    this.verify = {
      log,
      heads: keys.producers.map(({ node, keyId, publicKey, revokedAt }, at) => {
        const where = `keys.json, producers[${at}]`;
        const raw = rawOfSpki(publicKey);
        if (!raw || !isEqual(keyId, sha256(publicKey).subarray(0, 8))) {
          findings.problem(
            'key',
            `the key ${toHex(keyId)} of node ${node} is no Ed25519 key, or has another id`,
            where,
          );
        }
        const revokedAtUs = revokedAt === undefined ? undefined : microsOfInstant(revokedAt);
        return { node, keyId: toHex(keyId), publicKey: raw ?? new Uint8Array(32), revokedAtUs };
      }),
      checkpoints: keys.checkpoint.map((key) => key.publicKey),
    };
    const ids = this.verify.heads.map(({ node, keyId }) => `${node} ${keyId}`);
    const all = [...ids, ...this.verify.checkpoints.map(toBase64)];
    if (new Set(all).size < all.length) findings.problem('key', 'a key is listed twice', 'keys.json');
    const links = keys.checkpoint.filter((key, at) => {
      if (!key.statement) return false;
      const isTrue = key.previous && verifyEd25519(key.previous, rekeyingStatement(log, key.publicKey), key.statement);
      if (isTrue) return true;
      findings.problem(
        'key-statement',
        'the key before it did not sign that this one follows',
        `keys.json, checkpoint[${at}]`,
      );
      return false;
    });
    this.trusted = this.verify.checkpoints.filter((key) => given.some((one) => isKey(one, key)));
    // Each round adds a key, or is the last.
    for (let before = -1; before < this.trusted.length; ) {
      before = this.trusted.length;
      for (const { publicKey, previous } of links) {
        const isLed = previous !== undefined && this.isAmong(previous) && !this.isAmong(publicKey);
        if (isLed) this.trusted.push(publicKey);
      }
    }
  }

  /** The auditor brought keys of his own. */
  get hasGiven(): boolean {
    return this.given.length > 0;
  }

  /** One of the auditor's keys signed, or one that they lead to; or he brought none. */
  isTrusted(signers: readonly Uint8Array[]): boolean {
    return !this.hasGiven || signers.some((key) => this.isAmong(key));
  }

  private isAmong(key: Uint8Array): boolean {
    return this.trusted.some((one) => isEqual(one, key)) || this.given.some((one) => isKey(one, key));
  }
}

function isKey(known: TrustedKey, key: Uint8Array): boolean {
  return 'sha256' in known ? toHex(sha256(key)) === known.sha256 : isEqual(known.publicKey, key);
}
