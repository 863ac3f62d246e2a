import { join } from 'node:path';
import { ExportFile } from '../exports/export-file.js';

/** Small lines are written together. */
const BUFFERED_BYTES = 256 * 1024;

/** A member of a bundle on its way to the archive: a file with its digest. */
export class MemberFile {
  private waiting: string[] = [];
  private waitingLength = 0;

  private constructor(
    readonly name: string,
    private readonly file: ExportFile,
  ) {}

  /** @throws RECORD_EXPORT_NO_SPACE, RECORD_EXPORT_FOLDER */
  static async create(folder: string, name: string): Promise<MemberFile> {
    return new MemberFile(name, (await ExportFile.create(join(folder, name)))!);
  }

  async text(text: string): Promise<void> {
    this.waiting.push(text);
    this.waitingLength += text.length;
    if (this.waitingLength >= BUFFERED_BYTES) await this.flush();
  }

  /** Text and a newline. */
  line(text: string): Promise<void> {
    return this.text(`${text}\n`);
  }

  async bytes(bytes: Buffer): Promise<void> {
    await this.flush();
    await this.file.append(bytes);
  }

  async close(): Promise<WrittenMember> {
    try {
      await this.flush();
      const { bytes, sha256 } = this.file;
      return { name: this.name, bytes, sha256: Buffer.from(sha256, 'hex') };
    } finally {
      await this.file.close();
    }
  }

  private async flush(): Promise<void> {
    if (this.waiting.length === 0) return;
    const text = this.waiting.join('');
    this.waiting = [];
    this.waitingLength = 0;
    await this.file.append(Buffer.from(text));
  }
}

export interface WrittenMember {
  name: string;
  bytes: number;
  sha256: Buffer;
}

/** Writes a member whole, and closes it whatever happens. */
export async function writeMember(
  folder: string,
  name: string,
  write: (member: MemberFile) => Promise<void>,
): Promise<WrittenMember> {
  const member = await MemberFile.create(folder, name);
  try {
    await write(member);
  } catch (error) {
    await member.close().catch(() => undefined);
    throw error;
  }
  return member.close();
}
