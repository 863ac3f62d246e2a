import { createReadStream } from 'node:fs';
import { mkdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type pg from 'pg';
import yazl from 'yazl';
import { type CanonicalValue, canonicalJson, instantOfMillis, SYSTEM_CLASS } from '#events';
import {
  consistencyProof,
  EVIDENCE_FORMAT,
  encodeKeys,
  encodeManifest,
  encodeQuarantinedLine,
  encodeRunLine,
  encodeSeal,
  inclusionProof,
  LISTED_MEMBERS,
  type Manifest,
  MEMBERS,
  originOf,
  type Scope,
  type SessionEvent,
  sessionsCsv,
  sessionsJson,
  sha256,
  toHex,
} from '#ledger';
import { askForCheckpoint, checkpointOver, readCheckpointKeys, type SignedCheckpoint } from '../checkpoints.js';
import { RecordError } from '../errors.js';
import type { Export, ExportSelection } from '../exports/export.js';
import type { ExportFile } from '../exports/export-file.js';
import type { ExportSavepoint } from '../exports/savepoint.js';
import type { SelectedEvents } from '../exports/selected-events.js';
import { instantSql, readHead } from '../head.js';
import { StoredTiles } from '../merkle-tree.js';
import { enqueueOutbox } from '../outbox.js';
import { inTransaction } from '../pool.js';
import type { RecordedEvent } from '../read-events.js';
import { QUARANTINED } from '../recorded-row.js';
import { listClasses } from '../retention-policy.js';
import { openDifferences } from '../verification.js';
import { writeCheckpointLines } from './checkpoint-lines.js';
import { linesOfFile } from './file-lines.js';
import { type MemberFile, type WrittenMember, writeMember } from './member-file.js';
import { readmeOf } from './readme.js';
import { epochsBetween, epochsOf, runsBetween, runsOf, type ShownRun } from './runs.js';
import { SessionList } from './session-list.js';
import { supportingEvents } from './supporting.js';
import { TileSet, writeTileLines } from './tiles.js';

// A bundle in brief. The events lie in a file already: they are what takes long, and survive a restart. Everything else follows from them and from
// the log, member by member, as docs/evidence-format.md says; then the manifest names their digests, the log swears to the manifest by an
// event (record.exported), a checkpoint over that event makes the seal, and all of it is zipped. Broken off anywhere, it is made again.

/** Longest wait for a checkpoint, and for an event to be recorded: both take milliseconds where a recorder is active. */
const WAIT_MS = 75_000;
const LOOK_MS = 50;
const ASK_AGAIN_MS = 500;
const POSITIONS = 50_000;
const MOST_FINDINGS = 1_000;

/** What a bundle is made from. */
export interface BundleWork {
  pool: pg.Pool;
  /** Of its own, for reading. */
  client: pg.PoolClient;
  one: Export;
  /** The events, exact bytes, a line each. */
  eventsFile: string;
  savepoint: ExportSavepoint;
  selected: SelectedEvents;
  /** Where members lie until they are zipped; emptied by whoever made it. */
  folder: string;
  /** The archive. */
  out: ExportFile;
  /** Name and version of what makes it. */
  software: string;
  /** File of the page that verifies it. */
  reportPage: string;
  /** What destinations were told of these positions: JSON objects. */
  receipts(client: pg.PoolClient, from: bigint, to: bigint): AsyncIterable<object>;
  /** @throws where somebody else makes it by now, or it is to rest */
  goOn(): void;
}

/** True where everything in the range is asked for. */
export function isWholeRange({ session, identity, connection, types }: ExportSelection): boolean {
  return session === undefined && identity === undefined && connection === undefined && types === undefined;
}

/** @throws RECORD_EXPORT_UNSEALED where no recorder signs; RECORD_CHAIN_UNKNOWN, RECORD_TILE_MISSING, RECORD_LEAVES_MISSING */
export async function makeBundle(work: BundleWork): Promise<void> {
  await mkdir(work.folder, { recursive: true, mode: 0o700 });
  await new BundleMaker(work).make();
}

class BundleMaker {
  private readonly from: number;
  private readonly to: number;
  private readonly members = new Map<string, WrittenMember>();

  constructor(private readonly work: BundleWork) {
    this.from = Number(work.one.from);
    this.to = Number(work.one.to);
  }

  async make(): Promise<void> {
    const { client, one } = this.work;
    const { size, log } = await readHead(client);
    // Behind the range: where a gateway crashed, its next run says only afterwards how far it came.
    const anchor = await this.checkpointFrom(size > one.to ? size - 1n : one.to);
    const epochs = await this.epochs();
    const times = await this.times();
    const held = this.work.savepoint.holds.filter((hold) => hold.events > 0);
    const { events: supporting, restorations } = await supportingEvents(client, Number(anchor.size), {
      epochs,
      holds: new Set(held.map((hold) => hold.id)),
      times,
      isShown: (event) => this.isShown(event),
    });
    this.work.goOn();

    let checkpoints = 0;
    await this.member('checkpoints.ndjson', async (file) => {
      checkpoints = await writeCheckpointLines(client, anchor, restorations, (line) => file.line(line));
    });
    await this.member('keys.json', async (file) => file.text(await this.keys()));
    const tiles = new TileSet();
    let runs = 0;
    await this.member('runs.ndjson', async (file) => {
      for await (const { line, last } of this.allRuns(supporting)) {
        tiles.addPositions(line.first, last);
        await file.line(encodeRunLine(line));
        if (++runs % 1_000 === 0) this.work.goOn();
      }
    });
    let tileCount = 0;
    await this.member('tiles.ndjson', async (file) => {
      tileCount = await writeTileLines(client, tiles, Number(anchor.size), async (line) => {
        this.work.goOn();
        await file.line(line);
      });
    });
    await this.eventsMember();
    await this.member('supporting.ndjson', async (file) => {
      for (const { body } of supporting) await file.bytes(Buffer.concat([body, Buffer.from('\n')]));
    });
    let quarantined = 0;
    await this.member('quarantined.ndjson', async (file) => {
      quarantined = await this.quarantined(file);
    });
    const sessions = await this.sessions();
    await this.member('sessions.json', async (file) => {
      for await (const part of sessionsJson(sessions.sorted())) await file.text(part);
    });
    await this.member('sessions.csv', async (file) => {
      for await (const part of sessionsCsv(sessions.sorted())) await file.text(part);
    });
    await this.member('receipts.ndjson', async (file) => {
      // They tell of connections beyond the limits of a key.
      if (one.selection.limits) return;
      for await (const told of this.work.receipts(client, one.from, one.to)) {
        await file.line(canonicalJson(told as CanonicalValue));
      }
    });
    await this.member('holds.json', (file) => file.text(canonicalJson(plain(held))));
    await this.member('retention.json', async (file) =>
      file.text(canonicalJson(plain({ asOf: one.createdAt, classes: await listClasses(client) }))),
    );
    const counts = {
      ...{ events: this.work.savepoint.count, supporting: supporting.length, quarantined, runs, tiles: tileCount },
      ...{ sessions: sessions.count, checkpoints },
    };
    const facts = { log, generation: anchor.generation, size: anchor.size, root: toHex(anchor.root) };
    await this.member('README.txt', (file) => file.text(readmeOf(one, { ...facts, counts, times })));
    await this.copied('report.html', this.work.reportPage);
    await this.seal(await this.manifest(log, anchor, counts), anchor);
    await this.zip();
  }

  /** Epochs of the scope itself. */
  private epochs(): Promise<Set<string>> {
    const { client, one } = this.work;
    if (isWholeRange(one.selection)) return epochsBetween(client, this.from, this.to);
    return epochsOf(client, this.positions());
  }

  /** Runs of the scope, and of what explains it, each once and in order. */
  private async *allRuns(supporting: readonly RecordedEvent[]): AsyncGenerator<ShownRun> {
    const { client, one } = this.work;
    const others = supporting.map((event) => Number(event.position));
    if (!isWholeRange(one.selection)) {
      yield* runsOf(client, merged(this.positions(), others));
      return;
    }
    let last = -1;
    const once = async function* (runs: AsyncGenerator<ShownRun>): AsyncGenerator<ShownRun> {
      for await (const run of runs) {
        if (run.line.first <= last) continue;
        last = run.last;
        yield run;
      }
    };
    yield* once(runsOf(client, [others.filter((position) => position < this.from)]));
    yield* once(runsBetween(client, this.from, this.to));
    yield* once(runsOf(client, [others.filter((position) => position >= this.to)]));
  }

  /** Positions of the selected events, in order. */
  private async *positions(): AsyncGenerator<number[]> {
    const { client, selected, one } = this.work;
    for (let from = one.from; from < one.to; ) {
      const page = await selected.readPositions(client, { from, until: one.to }, POSITIONS);
      if (page.positions.length > 0) yield page.positions.map(Number);
      from = page.next;
    }
  }

  /** Whether an event of the record stands among the selected ones. */
  private isShown({ position, sessionId, identityId, connection, type }: RecordedEvent): boolean {
    const { selection, from, to } = this.work.one;
    const { session, identity, connection: wanted, types, limits } = selection;
    return (
      position >= from &&
      position < to &&
      type !== QUARANTINED &&
      (session === undefined || sessionId === session) &&
      (identity === undefined || identityId === identity) &&
      (wanted === undefined || connection === wanted) &&
      (types === undefined || types.includes(type)) &&
      (!limits?.connections || (connection !== null && limits.connections.includes(connection)))
    );
  }

  /** When the ends of the range were recorded. */
  private async times(): Promise<{ from: string; to: string }> {
    const { rows } = await this.work.client.query<{ from: string; to: string }>(
      `SELECT ${instantSql('min(recorded_at)')} AS "from", ${instantSql('max(recorded_at)')} AS "to" FROM (
         (SELECT recorded_at FROM run WHERE first_position <= $1 ORDER BY first_position DESC LIMIT 1)
         UNION ALL (SELECT recorded_at FROM run WHERE first_position < $2 ORDER BY first_position DESC LIMIT 1)) AS ends`,
      [this.from, this.to],
    );
    return rows[0]!;
  }

  private async keys(): Promise<string> {
    const { client } = this.work;
    const checkpoint = (await readCheckpointKeys(client)).map(({ publicKey, since, previous, statement }) => ({
      ...{ publicKey, since },
      ...(previous && statement ? { previous, statement } : {}),
    }));
    const { rows } = await client.query<{
      node: string;
      publicKey: Buffer;
      enrolledAt: string;
      revokedAt: string | null;
    }>(
      `SELECT node, public_key AS "publicKey", ${instantSql('enrolled_at')} AS "enrolledAt", ${instantSql('revoked_at')} AS "revokedAt"
         FROM (SELECT node, public_key, enrolled_at, revoked_at FROM producer_key
               UNION ALL SELECT n.node, h.mark_public_key, n.enrolled_at, NULL FROM producer_node n, log_head h
                          WHERE n.node = 'record' AND h.mark_public_key IS NOT NULL) AS keys
        ORDER BY node, enrolled_at, public_key`,
    );
    const producers = rows.map(({ revokedAt, ...key }) => ({
      ...key,
      keyId: sha256(key.publicKey).subarray(0, 8),
      ...(revokedAt === null ? {} : { revokedAt }),
    }));
    return encodeKeys({ checkpoint, producers });
  }

  private async quarantined(file: MemberFile): Promise<number> {
    const { client, one } = this.work;
    // No query fits what cannot be read, and nobody can tell on which connection it was.
    if (!isWholeRange(one.selection) || one.selection.limits?.connections) return 0;
    const { rows } = await client.query<{ position: bigint; reason: string; body: Buffer }>(
      `SELECT e.position, q.reason, e.body FROM quarantine q JOIN event e ON e.position = q.position
        WHERE q.position >= $1 AND q.position < $2 AND e.type = $3 ORDER BY e.position`,
      [one.from, one.to, QUARANTINED],
    );
    for (const { position, reason, body } of rows) {
      await file.line(encodeQuarantinedLine({ position: Number(position), reason, body }));
    }
    return rows.length;
  }

  private async sessions(): Promise<SessionList> {
    const sessions = new SessionList(this.work.folder);
    const text = linesOfFile(this.work.eventsFile);
    for await (const page of this.positions()) {
      this.work.goOn();
      for (const position of page) {
        const { value, done } = await text.next();
        if (done) throw changed(this.work.one);
        const event = JSON.parse(value) as SessionEvent & { session?: string };
        if (event.session !== undefined) await sessions.add(event, position);
      }
    }
    if (!(await text.next()).done) throw changed(this.work.one);
    await sessions.finish();
    return sessions;
  }

  private async manifest(log: string, anchor: SignedCheckpoint, counts: Manifest['counts']): Promise<Buffer> {
    const { client, one, software } = this.work;
    const findings = await openDifferences(client, { from: one.from, to: one.to, limit: MOST_FINDINGS });
    const { from: _from, to: _to, ...asked } = one.selection;
    const scope: Scope = {
      kind: isWholeRange(one.selection) ? 'range' : 'selection',
      ...{ from: this.from, to: this.to },
      ...(Object.keys(asked).length > 0 ? { selection: asked as Record<string, unknown> } : {}),
    };
    const { generation, size, root } = anchor;
    const manifest: Manifest = {
      ...{ format: EVIDENCE_FORMAT, log, generation, madeAt: instantOfMillis(Date.now()), software, scope, counts },
      checkpoint: { origin: originOf(log, generation), size: Number(size), root },
      findings: findings.map(({ code, message, position }) => ({ code, message, position: Number(position) })),
      members: LISTED_MEMBERS.map((name) => this.members.get(name)!),
    };
    const bytes = Buffer.from(encodeManifest(manifest));
    await this.member('manifest.json', (file) => file.bytes(bytes));
    return bytes;
  }

  /** The log swears to the manifest, and a checkpoint to that. */
  private async seal(manifest: Buffer, anchor: SignedCheckpoint): Promise<void> {
    const { pool, client, one, savepoint } = this.work;
    const digest = toHex(sha256(manifest));
    const { size } = await readHead(client);
    await inTransaction(pool, (transaction) =>
      enqueueOutbox(transaction, {
        type: 'record.exported',
        time: instantOfMillis(Date.now()),
        class: SYSTEM_CLASS,
        identity: { id: one.requestedBy, kind: 'service', provider: 'affidavit-api', verified: true },
        data: {
          ...{ key: one.requestedBy, what: 'evidence as zip', count: savepoint.count, digest, export: one.id },
          ...{ from: String(one.from), to: String(one.to), selection: JSON.stringify(one.selection) },
        },
      }),
    );
    const sworn = await this.until('the event that swears to it is recorded', async () => {
      const { rows } = await client.query<{ position: bigint; body: Buffer }>(
        `SELECT position, body FROM event WHERE class = 'system' AND type = 'record.exported' AND position >= $1
            AND position(convert_to($2, 'UTF8') IN body) > 0 LIMIT 1`,
        [size, digest],
      );
      return rows[0];
    });
    const sealing = await this.checkpointFrom(sworn.position);
    const index = Number(sworn.position);
    const tiles = new StoredTiles(client);
    let run: ShownRun | undefined;
    for await (const found of runsOf(client, [[index]])) run = found;
    await this.member('seal.json', async (file) =>
      file.text(
        encodeSeal({
          event: sworn.body.toString('utf8'),
          ...{ run: run!.line, index, note: sealing.note },
          proof: await inclusionProof(tiles, index, Number(sealing.size)),
          consistency: await consistencyProof(tiles, Number(anchor.size), Number(sealing.size)),
        }),
      ),
    );
  }

  private async zip(): Promise<void> {
    const { out, one } = this.work;
    const zip = new yazl.ZipFile();
    const mtime = new Date(one.createdAt);
    for (const name of MEMBERS) zip.addFile(this.pathOf(name), name, { mtime, mode: 0o100644, compress: true });
    zip.end();
    for await (const part of zip.outputStream) {
      this.work.goOn();
      await out.append(part as Buffer);
    }
  }

  private pathOf(name: string): string {
    return name === 'events.ndjson' ? this.work.eventsFile : join(this.work.folder, name);
  }

  private async member(name: (typeof MEMBERS)[number], write: (file: MemberFile) => Promise<void>): Promise<void> {
    this.members.set(name, await writeMember(this.work.folder, name, write));
    this.work.goOn();
  }

  private async copied(name: (typeof MEMBERS)[number], from: string): Promise<void> {
    await this.member(name, async (file) => {
      for await (const part of createReadStream(from)) await file.bytes(part as Buffer);
    });
  }

  /** It is written already: length and digest are those of the savepoint. */
  private async eventsMember(): Promise<void> {
    const { eventsFile, savepoint } = this.work;
    const { size } = await stat(eventsFile);
    if (size !== savepoint.bytes) throw changed(this.work.one);
    const name = 'events.ndjson';
    this.members.set(name, { name, bytes: size, sha256: Buffer.from(savepoint.sha256, 'hex') });
  }

  /** The first checkpoint over a position; one is asked for where there is none. */
  private async checkpointFrom(position: bigint): Promise<SignedCheckpoint> {
    const { pool, client } = this.work;
    let askedAtMs = Number.NEGATIVE_INFINITY;
    return this.until('a checkpoint over it is signed', async () => {
      const known = await checkpointOver(client, position);
      // Again and again: what is asked for may come to be recorded only by the event of the checkpoint before.
      if (known || performance.now() - askedAtMs < ASK_AGAIN_MS) return known;
      askedAtMs = performance.now();
      await askForCheckpoint(pool);
      return undefined;
    });
  }

  private async until<T>(what: string, look: () => Promise<T | undefined>): Promise<T> {
    for (const end = Date.now() + WAIT_MS; ; ) {
      const found = await look();
      if (found !== undefined) return found;
      this.work.goOn();
      if (Date.now() > end) throw unsealed(what);
      await sleep(LOOK_MS);
    }
  }
}

/** Pages of positions, with some others among them; all ascending, each once. */
async function* merged(pages: AsyncIterable<number[]>, others: readonly number[]): AsyncGenerator<number[]> {
  let at = 0;
  for await (const page of pages) {
    const last = page.at(-1)!;
    const end = others.findIndex((position, index) => index >= at && position > last);
    const among = others.slice(at, end < 0 ? others.length : end);
    at += among.length;
    yield [...new Set([...page, ...among])].sort((one, other) => one - other);
  }
  if (at < others.length) yield [...others.slice(at)];
}

/** As JSON holds it: no bigints, no undefined members. */
function plain(value: unknown): CanonicalValue {
  return JSON.parse(JSON.stringify(value)) as CanonicalValue;
}

function changed(one: Export): RecordError {
  return new RecordError({
    code: 'RECORD_EXPORT_INTERRUPTED',
    message: `what was selected for ${one.id} is not what lies in its file any more`,
    remedy: 'It is made again by itself; where it is said again, ask for a new export.',
    retry: 'later',
  });
}

function unsealed(what: string): RecordError {
  return new RecordError({
    code: 'RECORD_EXPORT_UNSEALED',
    message: `it was waited in vain until ${what}`,
    remedy:
      'A recorder has to be active and its checkpoints in order: see `affidavit status`. The export goes on by itself.',
    retry: 'later',
  });
}
