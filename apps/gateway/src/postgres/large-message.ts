import { protocolViolation } from '../errors.js';
import { NAME_WORDS } from './open-command.js';
import type { Refusable } from './refusal.js';
import { type Chunk, LargeText } from './statement.js';

/** Where the recorded content of a large message begins and ends. */
export class LargeMessage {
  readonly part: 'statement' | 'parameters';
  readonly text = new LargeText();
  names: Buffer[] = [];
  oid = 0;
  isOpened = false;
  mentionsNames = false;
  #kind: Refusable;
  #left: number;
  #prefix: Buffer = Buffer.alloc(0);
  #isTextOver = false;
  #tail = '';

  constructor(kind: Refusable, bodyBytes: number) {
    this.#kind = kind;
    this.#left = bodyBytes;
    this.part = kind === 'query' || kind === 'parse' ? 'statement' : 'parameters';
    this.isOpened = kind === 'query';
  }

  /** @returns the chunks that are complete now; at the last part, all that remain */
  push(bytes: Buffer, isLast: boolean): Chunk[] {
    this.#left -= bytes.length;
    let content = bytes;
    if (!this.isOpened) {
      this.#prefix = Buffer.concat([this.#prefix, bytes]);
      const from = this.#openingEnd();
      if (from === undefined) {
        if (isLast || this.#prefix.length > 64 * 1024) throw protocolViolation('a message whose names have no end');
        return [];
      }
      this.isOpened = true;
      content = this.#prefix.subarray(from);
    }
    const chunks = this.#content(content, isLast);
    return isLast ? [...chunks, ...this.text.end()] : chunks;
  }

  #content(bytes: Buffer, isLast: boolean): Chunk[] {
    if (this.#kind === 'query') {
      if (isLast && bytes[bytes.length - 1] !== 0) throw protocolViolation('a Query message without its end');
      return this.#statement(isLast ? bytes.subarray(0, bytes.length - 1) : bytes);
    }
    if (this.#kind !== 'parse') return this.text.push(bytes);
    if (this.#isTextOver) return [];
    const end = bytes.indexOf(0);
    if (end < 0 && isLast) throw protocolViolation('a Parse message whose text has no end');
    this.#isTextOver = end >= 0;
    return this.#statement(end < 0 ? bytes : bytes.subarray(0, end));
  }

  #statement(bytes: Buffer): Chunk[] {
    if (!this.mentionsNames) {
      const text = this.#tail + bytes.toString('latin1');
      this.mentionsNames = NAME_WORDS.test(text);
      this.#tail = text.slice(-12);
    }
    return this.text.push(bytes);
  }

  #openingEnd(): number | undefined {
    if (this.#kind === 'function') {
      if (this.#prefix.length < 4) return undefined;
      this.oid = this.#prefix.readUInt32BE(0);
      return 4;
    }
    let at = 0;
    const names: Buffer[] = [];
    for (let wanted = this.#kind === 'bind' ? 2 : 1; wanted > 0; wanted--) {
      const end = this.#prefix.indexOf(0, at);
      if (end < 0) return undefined;
      names.push(Buffer.from(this.#prefix.subarray(at, end)));
      at = end + 1;
    }
    this.names = names;
    return at;
  }
}
