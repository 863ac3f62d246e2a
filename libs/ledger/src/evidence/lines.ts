import { fastView } from '../native-bytes.js';
import { Fault } from './report.js';

/** Whole lines of a member, each ended by a newline. */
export interface LineChunk {
  bytes: Uint8Array;
  lines: number;
  /** Number of its first line, from 1. */
  firstLine: number;
}

const NEWLINE = 0x0a;
const CHUNK_BYTES = 256 * 1024;
/** The largest event is 8 MiB; a run's leaf data, in base64, is far smaller. */
const MAX_LINE_BYTES = 16 * 1024 * 1024;

/**
 * Cuts a member into stretches of whole lines.
 * @throws Fault `malformed` where the last line is not ended, or one is longer than any may be
 */
export async function* lineChunks(
  bytes: AsyncIterable<Uint8Array>,
  where: string,
): AsyncGenerator<LineChunk, void, void> {
  let parts: Uint8Array[] = [];
  let size = 0;
  let firstLine = 1;
  const cut = (end: Uint8Array): LineChunk => {
    const whole = new Uint8Array(size + end.length);
    let at = 0;
    for (const part of [...parts, end]) {
      whole.set(part, at);
      at += part.length;
    }
    const chunk = { bytes: whole, lines: countLines(whole), firstLine };
    firstLine += chunk.lines;
    return chunk;
  };
  for await (const read of bytes) {
    const end = size + read.length < CHUNK_BYTES ? 0 : read.lastIndexOf(NEWLINE) + 1;
    if (end > 0) {
      yield cut(read.subarray(0, end));
      parts = [];
      size = 0;
    }
    if (end < read.length) parts.push(read.subarray(end));
    size += read.length - end;
    if (size > MAX_LINE_BYTES)
      throw new Fault('too-large', `a line of more than ${MAX_LINE_BYTES} bytes`, `${where}, line ${firstLine}`);
  }
  if (size === 0) return;
  const last = cut(new Uint8Array());
  if (last.bytes[last.bytes.length - 1] !== NEWLINE) {
    throw new Fault('malformed', 'the last line does not end in a newline', `${where}, line ${firstLine}`);
  }
  yield last;
}

function countLines(bytes: Uint8Array): number {
  const view = fastView(bytes);
  let lines = 0;
  for (let at = view.indexOf(NEWLINE); at >= 0; at = view.indexOf(NEWLINE, at + 1)) lines += 1;
  return lines;
}

/** The lines of a chunk as views, without their newlines. */
export function* linesOf(bytes: Uint8Array): Generator<Uint8Array, void, void> {
  const view = fastView(bytes);
  for (let from = 0, to = view.indexOf(NEWLINE); to >= 0; from = to + 1, to = view.indexOf(NEWLINE, from)) {
    yield bytes.subarray(from, to);
  }
}

/**
 * Has several chunks worked on at once, and gives the results in their order.
 * @param ahead how many at once
 */
export async function* inOrder<C, R>(
  chunks: AsyncIterable<C>,
  work: (chunk: C) => Promise<R>,
  ahead: number,
): AsyncGenerator<R, void, void> {
  const waiting: Promise<R>[] = [];
  for await (const chunk of chunks) {
    const promise = work(chunk);
    // Whoever takes it hears of its failure; until then it must not count as nobody's.
    promise.catch(() => undefined);
    waiting.push(promise);
    if (waiting.length >= ahead) yield await waiting.shift()!;
  }
  while (waiting.length > 0) yield await waiting.shift()!;
}
