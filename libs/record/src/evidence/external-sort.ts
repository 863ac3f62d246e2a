import { join } from 'node:path';
import { linesOfFile } from './file-lines.js';
import { writeMember } from './member-file.js';

export interface ExternalSortOptions<T> {
  /** Where files lie meanwhile; whoever made it empties it. */
  folder: string;
  /** How its files' names begin. */
  name: string;
  /** Items that are held in memory. */
  most: number;
  compare(one: T, other: T): number;
}

/** Sorts more than memory holds: what was added lies in sorted files, an item a line, which are merged. Items are what JSON keeps. */
export class ExternalSort<T> {
  private held: T[] = [];
  private readonly files: string[] = [];

  constructor(private readonly options: ExternalSortOptions<T>) {}

  /** @throws RECORD_EXPORT_NO_SPACE, RECORD_EXPORT_FOLDER */
  async add(item: T): Promise<void> {
    this.held.push(item);
    if (this.held.length >= this.options.most) await this.spill();
  }

  /** All that was added, in order; equal ones in the order in which they came. May be asked for again. */
  async *sorted(): AsyncGenerator<T, void, void> {
    this.held.sort(this.options.compare);
    const sources = [...this.files.map(itemsOf<T>), this.held[Symbol.iterator]()];
    try {
      const heads: { item: T; source: AsyncIterator<T> | Iterator<T> }[] = [];
      for (const source of sources) {
        const { value, done } = await source.next();
        if (!done) heads.push({ item: value, source });
      }
      while (heads.length > 0) {
        let least = 0;
        for (let at = 1; at < heads.length; at++) {
          if (this.options.compare(heads[at]!.item, heads[least]!.item) < 0) least = at;
        }
        const head = heads[least]!;
        yield head.item;
        const { value, done } = await head.source.next();
        if (done) heads.splice(least, 1);
        else head.item = value;
      }
    } finally {
      // Whoever had enough leaves files open behind him.
      for (const source of sources) await source.return?.();
    }
  }

  private async spill(): Promise<void> {
    const { folder, name, compare } = this.options;
    const file = `${name}-${this.files.length}`;
    const items = this.held.sort(compare);
    await writeMember(folder, file, async (member) => {
      for (const item of items) await member.line(JSON.stringify(item));
    });
    this.files.push(join(folder, file));
    this.held = [];
  }
}

async function* itemsOf<T>(file: string): AsyncGenerator<T, void, void> {
  for await (const line of linesOfFile(file)) yield JSON.parse(line) as T;
}
