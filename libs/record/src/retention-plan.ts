import { instantOfMicros, microsOfInstant, SYSTEM_CLASS } from '#events';

/** A class as it is in force. */
export interface ClassPolicy {
  name: string;
  /** Microseconds; null: for ever. */
  keepUs: bigint | null;
  /** Named requirements that it falls under, each with the least time that it demands. */
  floors: readonly { requirement: string; keepUs: bigint }[];
}

/** A partition that is there, with what was found about it. Instants as the record writes them. */
export interface PartitionFacts {
  name: string;
  class: string;
  fromAt: string;
  /** Exclusive. */
  toAt: string;
  /** As it was written down with it; null: for ever. */
  keepUntil: string | null;
  /** Holds that fit at least one of its rows. */
  holds: readonly string[];
  /** What still needs it, in words: deliveries, dead letters, exports. */
  waits: readonly string[];
  /** How many it has; null where nobody counted, because its time has not come. */
  events: bigint | null;
}

/** purge: it goes · held: a hold keeps it · waits: somebody still needs it · kept: its time has not come. */
export type Verdict = 'purge' | 'held' | 'waits' | 'kept';

export interface PlannedPartition {
  name: string;
  class: string;
  fromAt: string;
  toAt: string;
  verdict: Verdict;
  /** From when on policy and requirements let it go; null: never. */
  dueAt: string | null;
  /** The rule, hold or need that decides, for people. */
  because: string;
  holds: readonly string[];
  events: bigint | null;
}

/** Latest instant that the record can write. */
const END_OF_TIME_US = 253_402_300_799_999_999n;

/** From when on a partition may go, and the rule that says so; null: never. */
export function dueOf(
  partition: Pick<PartitionFacts, 'class' | 'toAt' | 'keepUntil'>,
  policy: ClassPolicy | undefined,
): { atUs: bigint | null; because: string } {
  const { keepUntil } = partition;
  if (partition.class === SYSTEM_CLASS) return { atUs: null, because: 'events of the record itself are kept for ever' };
  if (!policy || policy.keepUs === null || keepUntil === null) {
    return { atUs: null, because: `class ${partition.class} is kept for ever` };
  }
  const toUs = microsOfInstant(partition.toAt);
  let atUs = microsOfInstant(keepUntil);
  let because = `class ${policy.name} is kept so long`;
  if (toUs + policy.keepUs > atUs) atUs = toUs + policy.keepUs;
  for (const { requirement, keepUs } of policy.floors) {
    if (toUs + keepUs <= atUs) continue;
    atUs = toUs + keepUs;
    because = `requirement ${requirement} demands it`;
  }
  return atUs > END_OF_TIME_US ? { atUs: null, because } : { atUs, because };
}

/**
 * What a run at that time drops, and why everything else stays. No clock, no database: the same facts give the same plan. The database
 * judges once more, by itself, when a partition is dropped.
 * @param atUs microseconds since 1970
 * @returns in the order of the partitions
 */
export function planRetention(
  atUs: bigint,
  classes: readonly ClassPolicy[],
  partitions: readonly PartitionFacts[],
): PlannedPartition[] {
  const policies = new Map(classes.map((one) => [one.name, one]));
  return partitions.map((partition) => {
    const { name, fromAt, toAt, holds, waits, events } = partition;
    const due = dueOf(partition, policies.get(partition.class));
    const planned = {
      name,
      class: partition.class,
      fromAt,
      toAt,
      dueAt: due.atUs === null ? null : instantOfMicros(due.atUs),
      holds,
      events,
    };
    if (due.atUs === null || due.atUs > atUs) return { ...planned, verdict: 'kept', because: due.because };
    if (holds.length > 0) return { ...planned, verdict: 'held', because: holds.join(', ') };
    if (waits.length > 0) return { ...planned, verdict: 'waits', because: waits.join('; ') };
    return { ...planned, verdict: 'purge', because: due.because };
  });
}
