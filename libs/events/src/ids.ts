/** Enrolled name of a gateway node (or `record`): `[a-z0-9-]{1,40}`. */
export type NodeName = string & { readonly brand: 'NodeName' };
/** One run of one producer: 16 hex digits, random, only ever compared for equality. */
export type Epoch = string & { readonly brand: 'Epoch' };
/** Gapless number of an event within its epoch, from 1. */
export type Seq = number & { readonly brand: 'Seq' };
/** Gapless place of an event in the log, from 0, in commit order. */
export type Position = bigint & { readonly brand: 'Position' };
/** `<epoch>.<seq>`. */
export type EventId = string & { readonly brand: 'EventId' };
export type SessionId = string & { readonly brand: 'SessionId' };
/** `<session>.<n>`, n from 1 in wire order. */
export type CommandId = string & { readonly brand: 'CommandId' };

export const NODE_PATTERN = /^[a-z0-9-]{1,40}$/;
export const EPOCH_PATTERN = /^[0-9a-f]{16}$/;
export const CLASS_PATTERN = /^[a-z0-9]{1,16}$/;

/** The node name of the recorder's own epochs and of everything that comes through the outbox. */
export const RECORD_NODE = 'record' as NodeName;
/** Retention class of events that belong to no session; never purged. */
export const SYSTEM_CLASS = 'system';

export function eventIdOf(epoch: Epoch, seq: number): EventId {
  return `${epoch}.${seq}` as EventId;
}
