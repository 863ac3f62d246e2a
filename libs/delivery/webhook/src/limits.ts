// What we send to a webhook. The receivers are anybody's: these are ours, and documented for them in docs/destinations.md.

/** Most bytes of one event in its envelope; beyond, it is shortened. */
export const MAX_EVENT_BYTES = 1_000_000;
/** Most bytes of a request that carries a batch. */
export const MAX_BATCH_BYTES = 5_000_000;
/** What a batch is filled to: the rest is room for what differs between attempts. */
export const GOAL_BATCH_BYTES = 4_250_000;
