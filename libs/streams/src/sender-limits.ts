import { MAX_FRAME_EVENTS, MAX_JOINT_FRAME_BYTES } from './frame.js';

/** How much a sender may have under way, and how often it looks. Tests make them small. */
export interface SenderLimits {
  /** Unconfirmed bytes of one node in Redis, over all its epochs. */
  windowBytes: number;
  /** The part of it that earlier runs leave to the current one, so that new events never wait behind old ones. */
  currentRunBytes: number;
  frameEvents: number;
  frameBytes: number;
  /** Least time between two frames that are not full. The first after a rest goes at once; a steady trickle gathers. */
  frameIntervalMs: number;
  /** Most that one refill writes at once; the rest follows by appends. One script call holds up all of Redis meanwhile. */
  refillBytes: number;
  /** Least time between two refills of an epoch; doubles while the mark stands still, … */
  refillMs: number;
  /** … up to this. */
  refillMaxMs: number;
  /** While anything is unconfirmed: how often the stream's end is compared, … */
  compareMs: number;
  /** … the epochs are announced, … */
  announceMs: number;
  /** … and the marks are read. */
  marksBusyMs: number;
  marksIdleMs: number;
  /** A stream that holds fewer entries than were sent, while the mark stands still for this long, is refilled. */
  stalledMs: number;
}

const MIB = 1024 * 1024;

export const SENDER_LIMITS: SenderLimits = {
  windowBytes: 64 * MIB,
  currentRunBytes: 16 * MIB,
  frameEvents: MAX_FRAME_EVENTS,
  frameBytes: MAX_JOINT_FRAME_BYTES,
  frameIntervalMs: 20,
  refillBytes: 4 * MIB,
  refillMs: 1000,
  refillMaxMs: 30_000,
  compareMs: 1000,
  announceMs: 5000,
  marksBusyMs: 250,
  marksIdleMs: 5000,
  stalledMs: 3000,
};
