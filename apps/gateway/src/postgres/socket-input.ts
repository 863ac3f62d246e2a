import type { Socket } from 'node:net';
import { protocolViolation } from '../errors.js';

/** Above this many unread bytes the socket is paused, and the kernel's window slows the sender down. */
const HIGH_WATER = 256 * 1024;

/** A socket read by asking. What was not asked for waits, in bounded memory. */
export class SocketInput {
  #socket: Socket;
  #chunks: Buffer[] = [];
  #bytes = 0;
  #isEnded = false;
  #wake: (() => void) | undefined;
  #onData = (chunk: Buffer) => {
    this.#chunks.push(chunk);
    this.#bytes += chunk.length;
    if (this.#bytes > HIGH_WATER) this.#socket.pause();
    this.#wake?.();
  };
  #onEnd = () => {
    this.#isEnded = true;
    this.#wake?.();
  };

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('data', this.#onData).on('end', this.#onEnd).on('close', this.#onEnd);
  }

  /** Bytes that came and were not asked for yet. */
  get unread(): number {
    return this.#bytes;
  }

  /** The next bytes, at least one; undefined at the end. One call at a time. */
  async read(): Promise<Buffer | undefined> {
    while (this.#chunks.length === 0) {
      if (this.#isEnded) return undefined;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      this.#wake = undefined;
    }
    const chunk = this.#chunks.shift() as Buffer;
    this.#bytes -= chunk.length;
    if (this.#socket.isPaused() && this.#bytes <= HIGH_WATER) this.#socket.resume();
    return chunk;
  }

  /** @throws GATEWAY_PROTOCOL_VIOLATION when the other side ends before that many bytes */
  async readExactly(bytes: number): Promise<Buffer> {
    const pieces: Buffer[] = [];
    let missing = bytes;
    while (missing > 0) {
      const chunk = await this.read();
      if (!chunk) throw protocolViolation('the other side went away in the middle of a message');
      if (chunk.length > missing) this.#unread(chunk.subarray(missing));
      pieces.push(chunk.length > missing ? chunk.subarray(0, missing) : chunk);
      missing -= Math.min(chunk.length, missing);
    }
    return pieces.length === 1 ? (pieces[0] as Buffer) : Buffer.concat(pieces);
  }

  /** One message with a type: used during logins, where messages are small. */
  async readMessage(limit: number): Promise<{ type: number; body: Buffer }> {
    const header = await this.readExactly(5);
    const length = header.readInt32BE(1);
    if (length < 4 || length > limit) throw protocolViolation(`a message of ${length} bytes during the login`);
    return { type: header[0] as number, body: await this.readExactly(length - 4) };
  }

  /** Lets go of the socket, paused; what is unread is given back. */
  detach(): Buffer {
    this.#socket.off('data', this.#onData).off('end', this.#onEnd).off('close', this.#onEnd).pause();
    const rest = Buffer.concat(this.#chunks);
    this.#chunks = [];
    this.#bytes = 0;
    return rest;
  }

  #unread(chunk: Buffer): void {
    this.#chunks.unshift(chunk);
    this.#bytes += chunk.length;
  }
}
