import { EPOCH_PATTERN, type Epoch, type NodeName } from '#events';

/*
 * Redis Streams in brief, as they are used here:
 *   audit:{node}:<epoch>    stream, one entry a frame: id 0-<number of its last event>, one field f
 *   audit:{node}:epochs     set of the node's epochs that have a stream; the producer adds, the recorder removes
 *   audit:marks             hash, node/epoch → signed mark; only the recorder writes it
 *   audit:head              the signed end of the log; only the recorder writes it
 *   audit:{node}:head       the furthest of these that the node has seen: a copy that outlives a Postgres which went back
 * A stream's last-generated-id survives trimming, so it says where the stream ends even when it is empty. All of it may
 * vanish at any time: the spool holds what is not confirmed, and the producer writes it again.
 */

export const MARKS_KEY = 'audit:marks';
export const HEAD_KEY = 'audit:head';
/** The only field of an entry. */
export const FRAME_FIELD = 'f';

export function streamKey(node: NodeName, epoch: Epoch): string {
  return `audit:{${node}}:${epoch}`;
}

export function epochsKey(node: NodeName): string {
  return `audit:{${node}}:epochs`;
}

export function headCopyKey(node: NodeName): string {
  return `audit:{${node}}:head`;
}

/** Field of a mark in {@link MARKS_KEY}. */
export function markField(node: NodeName, epoch: Epoch): string {
  return `${node}/${epoch}`;
}

/** Entry id of a frame whose last event has number `lastSeq`; `0-0` stands before the first. */
export function entryIdOf(lastSeq: number): string {
  return `0-${lastSeq}`;
}

/** Number of the last event of a frame under this id; undefined for an id that no producer of ours writes. */
export function seqOfEntryId(entryId: string): number | undefined {
  const digits = /^0-(\d{1,16})$/.exec(entryId)?.[1];
  const seq = digits === undefined ? Number.NaN : Number(digits);
  return Number.isSafeInteger(seq) ? seq : undefined;
}

export function isEpoch(text: string): text is Epoch {
  return EPOCH_PATTERN.test(text);
}
