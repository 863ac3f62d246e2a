import type { Epoch, NodeName } from '#events';
import { type EpochMark, epochKey } from '#record';
import type { StreamReader } from '#streams';

interface Entry {
  node: NodeName;
  epoch: Epoch;
  entryId: string;
}

/**
 * Removes from Redis what the record holds, or will never take. Nothing of it is needed for correctness, so no transaction waits for it;
 * what fails is left to the next mark of that epoch.
 */
export class StreamTidying {
  private readonly marks = new Map<string, EpochMark>();
  private entries: Entry[] = [];
  private running: Promise<void> | undefined;

  constructor(
    private readonly source: Pick<StreamReader, 'deleteStream' | 'deleteEntry' | 'trim' | 'removeEpoch'>,
    private readonly onError: (error: unknown) => void,
  ) {}

  /** @param foreign entries that are kept in Postgres now and shall leave the stream */
  post(marks: readonly EpochMark[], foreign: readonly Entry[] = []): void {
    for (const mark of marks) this.marks.set(epochKey(mark.node, mark.epoch), mark);
    this.entries.push(...foreign);
    this.running ??= this.run().finally(() => {
      this.running = undefined;
    });
  }

  /** Resolves when nothing is left to do. */
  async settled(): Promise<void> {
    await this.running;
  }

  private async run(): Promise<void> {
    while (this.marks.size > 0 || this.entries.length > 0) {
      const marks = [...this.marks.values()];
      const { entries } = this;
      this.marks.clear();
      this.entries = [];
      try {
        await Promise.all([...marks.map((mark) => this.tidy(mark)), ...entries.map((entry) => this.remove(entry))]);
      } catch (error) {
        this.onError(error);
      }
    }
  }

  private async tidy({ node, epoch, state, seq }: EpochMark): Promise<void> {
    if (state === 'forked') await this.source.deleteStream(node, epoch);
    else await this.source.trim(node, epoch, seq);
    if (state === 'forked' || state === 'closed') await this.source.removeEpoch(node, epoch);
  }

  private remove({ node, epoch, entryId }: Entry): Promise<void> {
    return this.source.deleteEntry(node, epoch, entryId);
  }
}
