import type pg from 'pg';
import { instantOfMillis, SYSTEM_CLASS } from '#events';
import {
  checkpointText,
  formatNoteKey,
  type NoteKey,
  noteKey,
  originOf,
  rekeyingStatement,
  toBase64,
  toHex,
} from '#ledger';
import { CHECKPOINT_CHANNEL } from './commit-listener.js';
import { RecordError } from './errors.js';
import { instantSql, readHead } from './head.js';
import { rootOfHead } from './merkle-tree.js';
import { enqueueOutbox } from './outbox.js';
import { inTransaction, type Queryable } from './pool.js';

// A checkpoint is signed over what is committed: the head is read, and its tree's root with it. The note is a function of generation, size,
// root and key alone, so two recorders that sign the same size say the same, byte for byte; the primary key lets no second root in.

/** What signs checkpoints. The private half stays with the process that has it. */
export interface CheckpointSigner {
  /** 32 bytes. */
  publicKey: Uint8Array;
  /** The text as a signed note of a key of this name. */
  sign(text: string, name: string): string;
}

export interface SignedCheckpoint {
  generation: number;
  size: bigint;
  root: Buffer;
  note: string;
  /** Postgres' clock. */
  signedAt: string;
}

/** Types of events that by themselves call for no new checkpoint: else each would call for the next. */
export const UNSEALED_TYPES: readonly string[] = [
  'checkpoint.signed',
  'checkpoint.rekeyed',
  'checkpoint.contradicted',
  'record.read',
  'record.answered',
  'record.verified',
];

const COLUMNS = `generation, size, root, note, ${instantSql('signed_at')} AS "signedAt"`;

/** The newest checkpoint; undefined before the first. */
export async function latestCheckpoint(db: Queryable): Promise<SignedCheckpoint | undefined> {
  const { rows } = await db.query<SignedCheckpoint>(
    `SELECT ${COLUMNS} FROM checkpoint ORDER BY generation DESC, size DESC LIMIT 1`,
  );
  return rows[0];
}

/** The first checkpoint of the newest generation that covers a position; undefined while there is none. */
export async function checkpointOver(db: Queryable, position: bigint): Promise<SignedCheckpoint | undefined> {
  const { rows } = await db.query<SignedCheckpoint>(
    `SELECT ${COLUMNS} FROM checkpoint WHERE generation = (SELECT generation FROM log_head) AND size > $1 ORDER BY size LIMIT 1`,
    [position],
  );
  return rows[0];
}

/** Asks the recorder for a checkpoint over what is recorded by now: usually there within some ten milliseconds. */
export async function askForCheckpoint(db: Queryable): Promise<void> {
  await db.query(`SELECT pg_notify('${CHECKPOINT_CHANNEL}', '')`);
}

/** True where something is recorded behind the newest checkpoint that calls for one soon. */
export async function isUnsealed(db: Queryable, size: bigint): Promise<boolean> {
  const { rowCount } = await db.query(
    'SELECT FROM event WHERE position >= $1 AND type <> ALL ($2) ORDER BY position LIMIT 1',
    [size, UNSEALED_TYPES],
  );
  return rowCount === 1;
}

export interface SigningOptions {
  signer: CheckpointSigner;
  /** Only who holds the lease signs. */
  holder: string;
  /** Puts the note where Postgres cannot take it back, before it counts here. */
  keepElsewhere(checkpoint: { note: string; generation: number; size: bigint }): Promise<void>;
  now?: () => number;
}

/**
 * Signs the tree as it is committed, where the newest checkpoint is of another one, and says so on the record.
 * @returns undefined where there is nothing new, or another recorder is active
 * @throws what PostgreSQL answers; the outcome may be unknown, and signing again says the same
 */
export async function signCheckpoint(
  pool: pg.Pool,
  { signer, holder, keepElsewhere, now = Date.now }: SigningOptions,
): Promise<SignedCheckpoint | undefined> {
  const head = await readHead(pool);
  const latest = await latestCheckpoint(pool);
  if (head.treeSize === 0n || (latest?.generation === head.generation && latest.size >= head.treeSize))
    return undefined;
  const { log, generation, treeSize: size } = head;
  const root = Buffer.from(rootOfHead(head));
  const origin = originOf(log, generation);
  const note = signer.sign(checkpointText({ origin, size: Number(size), root }), origin);
  await keepElsewhere({ note, generation, size });
  return inTransaction(pool, async (client) => {
    const { rows } = await client.query<SignedCheckpoint>(
      `INSERT INTO checkpoint (generation, size, root, note)
       SELECT $1, $2, $3, $4 FROM log_head WHERE lease_holder = $5 AND lease_until > clock_timestamp() AND generation = $1
       ON CONFLICT DO NOTHING RETURNING ${COLUMNS}`,
      [generation, size, root, note, holder],
    );
    if (rows[0]) {
      await enqueueOutbox(client, {
        type: 'checkpoint.signed',
        time: instantOfMillis(now()),
        class: SYSTEM_CLASS,
        data: { log, generation, size: String(size), root: toHex(root), note },
      });
    }
    return rows[0];
  });
}

/** A key that signs or signed checkpoints. */
export interface CheckpointKey {
  publicKey: Buffer;
  since: string;
  previous: Buffer | null;
  /** What the previous key signed; null where it was not at hand. */
  statement: Buffer | null;
}

/** All keys that ever signed checkpoints, the newest first. */
export async function readCheckpointKeys(db: Queryable): Promise<CheckpointKey[]> {
  const { rows } = await db.query<CheckpointKey>(
    `SELECT public_key AS "publicKey", ${instantSql('k.since')} AS since, previous, statement
       FROM checkpoint_key k ORDER BY k.since DESC, public_key`,
  );
  return rows;
}

/** The same as keys of notes, for one generation. */
export function noteKeysOf(keys: readonly CheckpointKey[], log: string, generation: number): NoteKey[] {
  return keys.map(({ publicKey }) => noteKey(originOf(log, generation), publicKey));
}

/** A key that is to be replaced, where its private half is still at hand. */
export interface ReplacedKey {
  publicKey: Uint8Array;
  sign(statement: Uint8Array): Uint8Array;
}

/**
 * Makes `signer`'s key the one that signs checkpoints, and says so on the record, where it is not that already.
 * @throws RECORD_CHECKPOINT_KEY_OLD where it was replaced by another
 */
export async function adoptCheckpointKey(
  pool: pg.Pool,
  publicKey: Uint8Array,
  replaced: ReplacedKey | undefined,
  now: () => number = Date.now,
): Promise<void> {
  await inTransaction(pool, async (client) => {
    await client.query(`SELECT pg_advisory_xact_lock(hashtext('affidavit.checkpoint_key'))`);
    const { log, generation } = await readHead(client);
    const known = await readCheckpointKeys(client);
    const own = Buffer.from(publicKey);
    const [latest] = known;
    if (latest?.publicKey.equals(own)) return;
    if (known.some((key) => key.publicKey.equals(own))) throw replacedKey(own);
    const isAtHand = latest !== undefined && replaced !== undefined && latest.publicKey.equals(replaced.publicKey);
    const statement = isAtHand ? Buffer.from(replaced.sign(rekeyingStatement(log, own))) : null;
    await client.query('INSERT INTO checkpoint_key (public_key, previous, statement) VALUES ($1, $2, $3)', [
      own,
      latest?.publicKey ?? null,
      statement,
    ]);
    const origin = originOf(log, generation);
    await enqueueOutbox(client, {
      type: 'checkpoint.rekeyed',
      time: instantOfMillis(now()),
      class: SYSTEM_CLASS,
      data: {
        key: formatNoteKey(noteKey(origin, own)),
        ...(latest ? { previous: formatNoteKey(noteKey(origin, latest.publicKey)) } : {}),
        ...(statement ? { statement: statement.toString('base64') } : {}),
      },
    });
  });
}

function replacedKey(publicKey: Buffer): RecordError {
  return new RecordError({
    code: 'RECORD_CHECKPOINT_KEY_OLD',
    message: `the key ${toBase64(publicKey)} signed checkpoints once, and was replaced`,
    remedy:
      'Give this recorder the key that is in force (AFFIDAVIT_CHECKPOINT_KEY_FILE), or a new one: a replaced key never comes back.',
    retry: 'never',
  });
}
