import { LedgerError } from './errors.js';
import { HASH_BYTES } from './merkle.js';
import { fromBase64, toBase64 } from './native-bytes.js';

// Checkpoints, C2SP: https://c2sp.org/tlog-checkpoint (read 2026-11-29). The note's text: origin, size, root in base64, a line each.

/** The log's word on its tree at one size. */
export interface Checkpoint {
  /** See {@link originOf}. */
  origin: string;
  size: number;
  /** 32 bytes. */
  root: Uint8Array;
}

/**
 * The name under which a log signs. A generation is an identity of its own: after a restore the same size may have another root, and
 * whoever follows the log shall see that at its name, not as a fork.
 */
export function originOf(log: string, generation: number): string {
  return `affidavit/${log}/${generation}`;
}

/** Log and generation of an origin; undefined where it is none of ours. */
export function parseOrigin(origin: string): { log: string; generation: number } | undefined {
  const [, log, generation] = /^affidavit\/([!-*,-.0-~]{1,64})\/([1-9][0-9]{0,8})$/.exec(origin) ?? [];
  return log && generation ? { log, generation: Number(generation) } : undefined;
}

/** The text to be signed. */
export function checkpointText({ origin, size, root }: Checkpoint): string {
  return `${origin}\n${size}\n${toBase64(root)}\n`;
}

/** Reads the text of a note. @throws LEDGER_CHECKPOINT_MALFORMED */
export function parseCheckpoint(text: string): Checkpoint {
  const [origin, size, root, ...extensions] = text.slice(0, -1).split('\n');
  const hash = fromBase64(root ?? '');
  const isSize = /^(0|[1-9][0-9]{0,15})$/.test(size ?? '') && Number.isSafeInteger(Number(size));
  if (!origin || !isSize || hash?.length !== HASH_BYTES || extensions.includes('') || !text.endsWith('\n')) {
    throw new LedgerError({
      code: 'LEDGER_CHECKPOINT_MALFORMED',
      message: 'the note is signed, but is no checkpoint: origin, size and root, a line each',
      remedy: 'Fetch it again from /log/checkpoint, or from the event checkpoint.signed.',
      retry: 'never',
    });
  }
  return { origin, size: Number(size), root: hash };
}
