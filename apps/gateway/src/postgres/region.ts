import type { OpenCommand } from './open-command.js';

interface Slot {
  command: OpenCommand;
  at: number;
  length: number;
}

/**
 * Bytes on their way to the target, joined where they lie side by side, so that what came as one packet goes on as one write.
 * It remembers where the messages of unrecorded commands lie: if their events cannot be written, others take their place.
 */
export class Region {
  #pieces: Buffer[] = [];
  #bytes = 0;
  #slots: Slot[] = [];

  get bytes(): number {
    return this.#bytes;
  }

  /** @param command where these bytes may only go on once its event is durable */
  push(bytes: Buffer, command?: OpenCommand): void {
    if (command) this.#slots.push({ command, at: this.#bytes, length: bytes.length });
    this.#bytes += bytes.length;
    const last = this.#pieces.at(-1);
    if (last && last.buffer === bytes.buffer && last.byteOffset + last.length === bytes.byteOffset) {
      this.#pieces[this.#pieces.length - 1] = Buffer.from(last.buffer, last.byteOffset, last.length + bytes.length);
    } else this.#pieces.push(bytes);
  }

  get commands(): OpenCommand[] {
    return this.#slots.map((slot) => slot.command);
  }

  /** The same region with other bytes in place of the unrecorded commands' messages. */
  replaced(replacement: (command: OpenCommand) => Buffer): Buffer[] {
    const whole = Buffer.concat(this.#pieces);
    const out: Buffer[] = [];
    let from = 0;
    for (const slot of this.#slots) {
      out.push(whole.subarray(from, slot.at), replacement(slot.command));
      from = slot.at + slot.length;
    }
    out.push(whole.subarray(from));
    return [Buffer.concat(out)];
  }

  get pieces(): Buffer[] {
    return this.#pieces;
  }
}
