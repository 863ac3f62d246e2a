import { isUtf8 } from 'node:buffer';
import { createHash, hash } from 'node:crypto';
import type { WireText } from '#events';
import { INLINE_LIMIT } from './messages.js';

/** PostgreSQL's names of encodings whose text we can show, and the decoder's name for each. Others are shown as base64. */
const DECODERS: Record<string, string> = {
  WIN1250: 'windows-1250',
  WIN1251: 'windows-1251',
  WIN1252: 'windows-1252',
  WIN1253: 'windows-1253',
  WIN1254: 'windows-1254',
  WIN1255: 'windows-1255',
  WIN1256: 'windows-1256',
  WIN1257: 'windows-1257',
  WIN1258: 'windows-1258',
  WIN866: 'ibm866',
  WIN874: 'windows-874',
  LATIN2: 'iso-8859-2',
  LATIN3: 'iso-8859-3',
  LATIN4: 'iso-8859-4',
  ISO_8859_5: 'iso-8859-5',
  ISO_8859_6: 'iso-8859-6',
  ISO_8859_7: 'iso-8859-7',
  ISO_8859_8: 'iso-8859-8',
  LATIN6: 'iso-8859-10',
  LATIN7: 'iso-8859-13',
  LATIN8: 'iso-8859-14',
  LATIN9: 'iso-8859-15',
  LATIN10: 'iso-8859-16',
  KOI8R: 'koi8-r',
  KOI8U: 'koi8-u',
  EUC_JP: 'euc-jp',
  SJIS: 'shift_jis',
  EUC_KR: 'euc-kr',
  EUC_CN: 'gb2312',
  GBK: 'gbk',
  GB18030: 'gb18030',
  BIG5: 'big5',
};
const decoders = new Map<string, InstanceType<typeof TextDecoder>>();

/** The text of raw bytes in a client encoding, or undefined where they are not valid in it (or we do not know it). */
export function decodeText(raw: Buffer, encoding: string): string | undefined {
  // SQL_ASCII means "whatever the client uses", which today is UTF-8 or nothing we could name.
  if (encoding === 'UTF8' || encoding === 'SQL_ASCII') return isUtf8(raw) ? raw.toString('utf8') : undefined;
  if (encoding === 'LATIN1') return raw.toString('latin1');
  const label = DECODERS[encoding];
  if (!label) return undefined;
  let decoder = decoders.get(label);
  if (!decoder) {
    decoder = new TextDecoder(label, { fatal: true, ignoreBOM: true });
    decoders.set(label, decoder);
  }
  try {
    const text = decoder.decode(raw);
    return text.isWellFormed() ? text : undefined;
  } catch {
    return undefined;
  }
}

/** Raw bytes as an event shows them. */
export function shown(raw: Buffer, encoding: string | 'binary'): { text: string } | { base64: string } {
  const text = encoding === 'binary' ? undefined : decodeText(raw, encoding);
  return text === undefined ? { base64: raw.toString('base64') } : { text };
}

/** The whole of raw bytes (at most {@link INLINE_LIMIT}) with length and digest. */
export function wireText(raw: Buffer, encoding: string | 'binary'): WireText {
  return { ...shown(raw, encoding), bytes: raw.length, sha256: hash('sha256', raw, 'hex') };
}

/** Where to cut so that no UTF-8 character is torn: at most `limit`, at most 3 bytes before it. */
export function cutPoint(raw: Buffer, limit: number): number {
  if (raw.length <= limit) return raw.length;
  for (let at = limit; at > limit - 4 && at > 0; at--) {
    if (((raw[at] as number) & 0xc0) !== 0x80) return at;
  }
  return limit;
}

/** One numbered piece of a large command. */
export interface Chunk {
  index: number;
  raw: Buffer;
}

/**
 * Cuts a large text, as it streams in, into pieces of up to {@link INLINE_LIMIT} bytes, and keeps what `command.issued`
 * needs: the beginning, the length, the digest, the number of pieces.
 */
export class LargeText {
  #digest = createHash('sha256');
  #bytes = 0;
  #waiting: Buffer = Buffer.alloc(0);
  #first: Buffer = Buffer.alloc(0);
  #chunks = 0;

  /** @returns the pieces that are complete now */
  push(raw: Buffer): Chunk[] {
    this.#digest.update(raw);
    this.#bytes += raw.length;
    this.#waiting = this.#waiting.length === 0 ? Buffer.from(raw) : Buffer.concat([this.#waiting, raw]);
    const chunks: Chunk[] = [];
    while (this.#waiting.length > INLINE_LIMIT) chunks.push(this.#cut(cutPoint(this.#waiting, INLINE_LIMIT)));
    return chunks;
  }

  /** The last piece. */
  end(): Chunk[] {
    return this.#waiting.length > 0 ? [this.#cut(this.#waiting.length)] : [];
  }

  /** To be called once, after {@link end}. */
  describe(encoding: string | 'binary'): WireText {
    return {
      ...shown(this.#first, encoding),
      bytes: this.#bytes,
      sha256: this.#digest.digest('hex'),
      chunks: this.#chunks,
      truncated: this.#bytes > this.#first.length,
    };
  }

  #cut(bytes: number): Chunk {
    const raw = this.#waiting.subarray(0, bytes);
    this.#waiting = this.#waiting.subarray(bytes);
    this.#chunks += 1;
    if (this.#chunks === 1) this.#first = raw;
    return { index: this.#chunks, raw };
  }
}
