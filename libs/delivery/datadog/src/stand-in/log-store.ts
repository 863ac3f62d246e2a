import { randomBytes } from 'node:crypto';
import {
  appendFileSync,
  createWriteStream,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  type WriteStream,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { ArrivedLog } from './arrived-log.js';

/** Bytes of logs that are kept. Beyond, the older half goes: this is a place to look at, not an archive. */
const KEPT_BYTES = 64 * 1024 ** 2;
const FILE = 'logs.ndjson';

interface Line {
  id: string;
  dateMs: number;
  receivedAtMs: number;
  log: unknown;
}

/** What arrived, in order of arrival: in memory, and in a file so that it is there after a restart. */
export class LogStore {
  private logs: ArrivedLog[] = [];
  private bytes = 0;
  private file: WriteStream | undefined;

  /** @param directory undefined: in memory only */
  constructor(
    private readonly directory?: string,
    private readonly keptBytes = KEPT_BYTES,
  ) {
    if (directory === undefined) return;
    mkdirSync(directory, { recursive: true });
    this.load(join(directory, FILE));
    this.file = createWriteStream(join(directory, FILE), { flags: 'a', mode: 0o600 });
  }

  /** Oldest first. */
  all(): readonly ArrivedLog[] {
    return this.logs;
  }

  add(kept: readonly { dateMs: number; raw: string }[], receivedAtMs: number): ArrivedLog[] {
    const added: ArrivedLog[] = [];
    for (const { dateMs, raw } of kept) {
      const log = new ArrivedLog(randomBytes(9).toString('base64url'), dateMs, receivedAtMs, raw);
      added.push(log);
      this.logs.push(log);
      this.bytes += raw.length;
      this.file?.write(lineOf(log));
    }
    if (this.bytes > this.keptBytes) this.forgetOlder();
    return added;
  }

  clear(): void {
    this.logs = [];
    this.bytes = 0;
    this.rewrite();
  }

  async close(): Promise<void> {
    const file = this.file;
    this.file = undefined;
    if (file) await new Promise<void>((resolve) => file.end(resolve));
  }

  private forgetOlder(): void {
    let at = 0;
    while (this.bytes > this.keptBytes / 2 && at < this.logs.length) {
      this.bytes -= this.logs[at]?.raw.length ?? 0;
      at += 1;
    }
    this.logs = this.logs.slice(at);
    this.rewrite();
  }

  private rewrite(): void {
    if (this.directory === undefined || !this.file) return;
    this.file.end();
    const path = join(this.directory, FILE);
    writeFileSync(`${path}.new`, this.logs.map(lineOf).join(''), { mode: 0o600 });
    renameSync(`${path}.new`, path);
    this.file = createWriteStream(path, { flags: 'a', mode: 0o600 });
  }

  private load(path: string): void {
    if (!existsSync(path)) return;
    const content = readFileSync(path, 'utf8');
    // A crash in mid-line must not swallow the next one.
    if (content !== '' && !content.endsWith('\n')) appendFileSync(path, '\n');
    for (const text of content.split('\n')) {
      const line = readLine(text);
      if (!line) continue;
      const raw = JSON.stringify(line.log);
      this.logs.push(new ArrivedLog(line.id, line.dateMs, line.receivedAtMs, raw));
      this.bytes += raw.length;
    }
  }
}

function lineOf(log: ArrivedLog): string {
  return `{"id":"${log.id}","dateMs":${log.dateMs},"receivedAtMs":${log.receivedAtMs},"log":${log.raw}}\n`;
}

/** Undefined for a line that a crash left unfinished. */
function readLine(text: string): Line | undefined {
  if (text === '') return undefined;
  try {
    return JSON.parse(text) as Line;
  } catch {
    return undefined;
  }
}
