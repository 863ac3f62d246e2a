import type pg from 'pg';
import { to as copyTo } from 'pg-copy-streams';

// https://www.postgresql.org/docs/current/sql-copy.html, "Binary Format" (read 2026-11-25)

/** Signature, flags, length of the extension (none). */
const HEADER_BYTES = 19;
const END = -1;
/** Texts of a column that are compared with the next one: commands and their outcomes take turns. */
const LATELY = 2;

/** A text that a column held, and where. */
export interface SeenText {
  text: string;
  at: number;
  length: number;
}

/**
 * Memory for the rows of one query after the other. Fresh pieces of megabytes, page after page, keep the garbage collector busier than
 * everything else that an export does: measured, half of its time.
 */
export class RowMemory {
  private bytes = Buffer.alloc(0);
  private used = 0;

  clear(): void {
    this.used = 0;
  }

  add(chunk: Buffer): void {
    const needed = this.used + chunk.length;
    if (needed > this.bytes.length) {
      const larger = Buffer.allocUnsafeSlow(Math.max(needed, 2 * this.bytes.length));
      this.bytes.copy(larger, 0, 0, this.used);
      this.bytes = larger;
    }
    chunk.copy(this.bytes, this.used);
    this.used = needed;
  }

  get content(): Buffer {
    return this.bytes.subarray(0, this.used);
  }
}

/**
 * The rows of a query through COPY in binary format: no hexadecimal is made of bytes. They share one piece of memory.
 * @param query takes no parameters: what is put into its text is a number, or was quoted by `client.escapeLiteral`
 * @param memory holds the rows until it is used again; default: memory of their own
 */
export async function copyRows(client: pg.PoolClient, query: string, memory?: RowMemory): Promise<RowReader> {
  const rows = client.query(copyTo(`COPY (${query}) TO STDOUT (FORMAT binary)`)) as AsyncIterable<Buffer>;
  if (!memory) {
    const chunks: Buffer[] = [];
    for await (const chunk of rows) chunks.push(chunk);
    return new RowReader(Buffer.concat(chunks));
  }
  memory.clear();
  for await (const chunk of rows) memory.add(chunk);
  return new RowReader(memory.content);
}

/** Reads the columns of each row in their order. */
export class RowReader {
  private at = HEADER_BYTES;

  constructor(private readonly data: Buffer) {}

  /** Goes to the next row. @returns false at the end */
  next(): boolean {
    const columns = this.data.readInt16BE(this.at);
    this.at += 2;
    return columns !== END;
  }

  /**
   * Texts repeat themselves from row to row: the same bytes as lately are the same string, which is neither made nor kept once more. That
   * takes half the time, and spares most of what a row takes in memory.
   * @param lately of the same column; absent where each row has its own
   */
  text(lately?: SeenText[]): string | null {
    const length = this.length();
    if (length < 0) return null;
    const at = this.skip(length) - length;
    if (lately) {
      for (const seen of lately) if (seen.length === length && this.isSame(seen.at, at, length)) return seen.text;
    }
    const text = this.data.toString('utf8', at, at + length);
    lately?.unshift({ text, at, length });
    if (lately && lately.length > LATELY) lately.pop();
    return text;
  }

  /** A view, no copy. */
  bytes(): Buffer | null {
    const length = this.length();
    return length < 0 ? null : this.data.subarray(this.at, this.skip(length));
  }

  int64(): bigint | null {
    const length = this.length();
    return length < 0 ? null : this.data.readBigInt64BE(this.skip(length) - length);
  }

  private isSame(one: number, other: number, length: number): boolean {
    for (let n = 0; n < length; n++) if (this.data[one + n] !== this.data[other + n]) return false;
    return true;
  }

  private length(): number {
    const length = this.data.readInt32BE(this.at);
    this.at += 4;
    return length;
  }

  /** @returns where it goes on */
  private skip(length: number): number {
    this.at += length;
    return this.at;
  }
}
