import { createHmac, timingSafeEqual } from 'node:crypto';
import type { Export } from './export.js';

/** What can be fetched of an export. */
export const EXPORT_FILES = ['events', 'manifest'] as const;
export type ExportFileName = (typeof EXPORT_FILES)[number];

/** A link may be handed on; it opens for so long, and so long only. Whoever asks again gets a new one. */
export const LINK_VALID_MS = 15 * 60_000;

type Linked = Pick<Export, 'id' | 'linkSecret'>;

/** What a link says beside its address: until when it opens, in seconds since 1970, and the proof that we gave it out. */
export function signLink(one: Linked, file: ExportFileName, now = Date.now()): { expires: number; signature: string } {
  const expires = Math.floor((now + LINK_VALID_MS) / 1000);
  return { expires, signature: signatureOf(one, file, expires).toString('base64url') };
}

/** Whether it was given out for this file of this export, and still opens. */
export function opensLink(
  one: Linked,
  file: ExportFileName,
  { expires, signature }: { expires: number; signature: string },
  now = Date.now(),
): boolean {
  const given = Buffer.from(signature, 'base64url');
  const right = signatureOf(one, file, expires);
  return given.length === right.length && timingSafeEqual(given, right) && expires * 1000 > now;
}

function signatureOf({ id, linkSecret }: Linked, file: ExportFileName, expires: number): Buffer {
  return createHmac('sha256', linkSecret).update(`affidavit/export/v1\n${id}\n${file}\n${expires}`).digest();
}
