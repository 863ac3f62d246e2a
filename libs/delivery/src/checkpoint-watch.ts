import { parseCheckpoint, parseNote, parseOrigin, signersOf, toHex } from '#ledger';
import { type CheckpointKey, keepToldHeads, noteKeysOf, readCheckpointKeys, readHead } from '#record';
import { READ_BACK_POLICY, type ReadBackPolicy } from './doubt.js';
import { type Duty, type DutyContext, inTurn } from './duty.js';
import { BudgetedLooks } from './read-back-budget.js';

const EVERY_MS = 3_600_000;
const AGAIN_MS = 60_000;
/** Newest checkpoints that are held against the tree each time. */
const MOST_COMPARED = 50;

/**
 * Reads the newest checkpoints back from a destination and holds them against the record: it is there that whoever rewrites the record,
 * or a PostgreSQL that went back, is contradicted. Once an hour, one request.
 */
export class CheckpointWatchDuty implements Duty {
  readonly name = 'comparing checkpoints';
  private readonly policy: ReadBackPolicy;
  private readonly everyMs: number;

  constructor(policy: Partial<ReadBackPolicy> & { checkpointsEveryMs?: number } = {}) {
    this.policy = { ...READ_BACK_POLICY, ...policy };
    this.everyMs = policy.checkpointsEveryMs ?? EVERY_MS;
  }

  async run(context: DutyContext): Promise<number> {
    const { pool, destination, observer, stop } = context;
    const { readBack, name } = destination;
    if (!readBack) return EVERY_MS;
    return inTurn(context, 'checkpoints', async () => {
      const looks = new BudgetedLooks(pool, name, 'reconciliation', this.policy.budget, stop);
      const { log } = await readHead(pool);
      const look = await looks.ask((signal) => readBack.checkpoints(log, MOST_COMPARED, signal));
      if (look.kind !== 'seen') return Math.max(AGAIN_MS, look.kind === 'later' ? (look.waitMs ?? 0) : 0);
      const [head, keys] = [await readHead(pool), await readCheckpointKeys(pool)];
      const told = look.found.flatMap((note) => headIn(note, log, keys) ?? []);
      const contradiction = await keepToldHeads(pool, head, name, told);
      if (contradiction) {
        const { copy, root } = contradiction;
        observer.trouble(
          'checkpoints differ',
          new Error(`${name} has the root ${copy.root} for the first ${copy.size} events, the record ${root}`),
        );
      }
      return this.everyMs;
    });
  }
}

/** What a note says of this log's end; undefined where it is another's, or nobody's. */
function headIn(
  text: string,
  log: string,
  keys: readonly CheckpointKey[],
): { generation: number; size: number; root: string } | undefined {
  try {
    const note = parseNote(text);
    const { origin, size, root } = parseCheckpoint(note.text);
    const of = parseOrigin(origin);
    if (of?.log !== log || signersOf(note, noteKeysOf(keys, log, of.generation)).length === 0) return undefined;
    return { generation: of.generation, size, root: toHex(root) };
  } catch {
    return undefined;
  }
}
