import { setTimeout as sleep } from 'node:timers/promises';
import { AffidavitError, type AuditEvent, type Epoch, EVENT_TYPES, type NodeName } from '#events';
import { derivedColumns, QUARANTINED, type RecordedEvent, recordedEvent } from '#record';
import type { Answer } from '../answer.js';
import type { BatchLedger, DeadFacts, DoubtfulAnswer, LaterAnswer, SentFacts } from '../batch-ledger.js';
import type { BatchDraft, ClaimedBatch, Settled } from '../ledger.js';
import { type EventSelection, selects } from '../selection.js';
import type { Backfill, BackfillRequest, BackfillState } from './backfill.js';
import type { LeaseRequest } from './lend.js';

/** The audit-log API as a sender reaches it. Its errors carry `retry`: `later` where the API is away. */
export interface AuditLogApi {
  get<T>(path: string, query?: Record<string, string | number | boolean | undefined>): Promise<T>;
  post<T>(path: string, body?: unknown): Promise<T>;
}

/** As JSON carries it: positions and ids are text, digests hex. */
type OnWire<T> = {
  [K in keyof T]: T[K] extends bigint
    ? string
    : T[K] extends bigint | null
      ? string | null
      : T[K] extends Buffer
        ? string
        : T[K];
};
export type BackfillView = OnWire<Backfill>;
export type LentBatchView = OnWire<Omit<ClaimedBatch, 'only' | 'isResend'>>;

export interface LeaseView {
  state: BackfillState;
  batch: LentBatchView | null;
  waitMs: number;
  why: string | null;
}

interface EventPageView {
  events: {
    position: string;
    recordedAt: string;
    class: string;
    duplicateOf?: string;
    event?: AuditEvent;
    /** In place of `event`: bytes that could not be taken apart, in base64, and whose they are. */
    quarantined?: string;
    node?: NodeName;
    epoch?: Epoch;
    seq?: number;
  }[];
  next: string;
  more: boolean;
}

/** Between two tries at an API that is away. */
const AGAIN_MS = 500;
const PAGE = 1_000;

/**
 * The ledger of one backfill behind the audit-log API. What the API cannot take just now is tried again until `stop`: it may have
 * been taken, and a second time changes nothing.
 */
export class RemoteLedger implements BatchLedger {
  constructor(
    private readonly api: AuditLogApi,
    private readonly backfill: Pick<BackfillView, 'id' | 'filter' | 'selection'>,
    private readonly stop: AbortSignal,
    private readonly onTrouble: (what: string, error: unknown) => void,
  ) {}

  /** Enters a backfill, or finds the one that was asked for in the same words. */
  static plan(api: AuditLogApi, request: BackfillRequest): Promise<BackfillView> {
    return api.post('/v1/backfills', request);
  }

  static read(api: AuditLogApi, id: string): Promise<BackfillView> {
    return api.get(`/v1/backfills/${encodeURIComponent(id)}`);
  }

  lease(request: LeaseRequest): Promise<LeaseView> {
    return this.api.post(`${this.path}/lease`, request);
  }

  async release(sender: string): Promise<void> {
    await this.api.post(`${this.path}/release`, { sender });
  }

  /** Through `GET /v1/events`, so that the read is on the record, too. */
  async eventsOf(batch: ClaimedBatch): Promise<RecordedEvent[]> {
    const { filter, selection } = this.backfill;
    const found: RecordedEvent[] = [];
    for (let after = batch.fromPos - 1n, more = true; more; ) {
      const query = { after: String(after), until: String(batch.toPos), limit: PAGE, ...narrowed(filter, selection) };
      const page = await this.patiently('reading events', () => this.api.get<EventPageView>('/v1/events', query));
      for (const one of page.events) {
        const event = eventOfView(one);
        if (selects(filter, event) && selects(selection, event)) found.push(event);
      }
      after = BigInt(page.next);
      more = page.more;
    }
    return found;
  }

  async missing(batch: ClaimedBatch): Promise<bigint[]> {
    const { positions } = await this.patiently('asking what is missing', () =>
      this.api.get<{ positions: string[] }>(`${this.path}/batches/${batch.id}/missing`),
    );
    return positions.map(BigInt);
  }

  accepted(batch: ClaimedBatch, answer: Answer, sent: SentFacts): Promise<Settled> {
    return this.settle(batch, { outcome: 'accepted', answer, ...sent });
  }

  async later(batch: ClaimedBatch, answer: LaterAnswer, elapsedMs: number): Promise<Settled & { delayMs?: number }> {
    return this.settle(batch, { outcome: 'later', answer, elapsedMs });
  }

  /** Whoever sends for the API cannot read back: it is sent again, and counted. */
  doubt(batch: ClaimedBatch, answer: DoubtfulAnswer, elapsedMs: number): Promise<Settled & { delayMs?: number }> {
    return this.later(batch, answer, elapsedMs);
  }

  /** The API makes the parts, from what the record holds. None is to be woken: the next lease finds them. */
  async split(
    batch: ClaimedBatch,
    parts: readonly BatchDraft[],
    answer: Answer & { reason: string },
    elapsedMs: number,
  ): Promise<Settled & { parts: bigint[] }> {
    const at = String(parts[1]?.fromPos);
    return { ...(await this.settle(batch, { outcome: 'split', at, answer, elapsedMs })), parts: [] };
  }

  dead(
    batch: ClaimedBatch,
    _event: RecordedEvent,
    rendered: string,
    { answer, elapsedMs }: DeadFacts,
  ): Promise<Settled> {
    return this.settle(batch, { outcome: 'dead', body: rendered, answer, elapsedMs });
  }

  async unsent(batch: ClaimedBatch): Promise<void> {
    await this.settle(batch, { outcome: 'unsent', probe: batch.probe });
  }

  async reopened(batch: ClaimedBatch): Promise<Settled['turned']> {
    return (await this.settle(batch, { outcome: 'reopened' })).turned;
  }

  private get path(): string {
    return `/v1/backfills/${encodeURIComponent(this.backfill.id)}`;
  }

  private settle(batch: ClaimedBatch, result: { outcome: string } & Record<string, unknown>): Promise<Settled> {
    const body = { attempt: batch.attempt, ...result };
    return this.patiently(`batch ${batch.id} could not be settled`, () =>
      this.api.post<Settled>(`${this.path}/batches/${batch.id}/result`, body),
    );
  }

  private async patiently<T>(what: string, work: () => Promise<T>): Promise<T> {
    for (;;) {
      try {
        return await work();
      } catch (error) {
        if (!mayPass(error) || this.stop.aborted) throw error;
        this.onTrouble(what, error);
        await sleep(AGAIN_MS, undefined, { signal: this.stop }).catch(() => undefined);
      }
    }
  }
}

/** Whether the same may succeed later. */
export function mayPass(error: unknown): boolean {
  return !(error instanceof AffidavitError) || error.retry !== 'never';
}

export function lentBatch(view: LentBatchView): ClaimedBatch {
  return {
    ...view,
    id: BigInt(view.id),
    range: BigInt(view.range),
    parent: view.parent === null ? null : BigInt(view.parent),
    fromPos: BigInt(view.fromPos),
    toPos: BigInt(view.toPos),
    idsDigest: Buffer.from(view.idsDigest, 'hex'),
    only: null,
    isResend: false,
  };
}

/** A row of the log, put together again: all but its place is in its bytes, and the canonical form has one way to be written. */
function eventOfView(view: EventPageView['events'][number]): RecordedEvent {
  const { event, quarantined, recordedAt } = view;
  const place = {
    position: BigInt(view.position),
    recordedAt,
    class: view.class,
    duplicateOf: view.duplicateOf === undefined ? null : BigInt(view.duplicateOf),
  };
  if (!event) {
    const { node, epoch, seq } = view;
    if (quarantined === undefined || node === undefined || epoch === undefined || seq === undefined) {
      throw new TypeError(`the API showed nothing at position ${view.position}`);
    }
    const body = Buffer.from(quarantined, 'base64');
    return { ...place, node, epoch, seq, ...derivedColumns(undefined), type: QUARANTINED, body };
  }
  return recordedEvent(event, place);
}

/** What the API may leave out already: as much of the selection as its own filter can say. */
function narrowed(...selections: EventSelection[]): Record<string, string> {
  const single = (member: 'sessions' | 'identities' | 'connections') =>
    selections.map((one) => one[member]).find((list) => list?.length === 1)?.[0];
  const types = selections.map((one) => one.types).find((list) => list !== undefined);
  const [session, identity, connection] = [single('sessions'), single('identities'), single('connections')];
  const all = [...EVENT_TYPES, QUARANTINED];
  const isOf = (wanted: string) => (type: string) =>
    wanted.endsWith('.*') ? type.startsWith(wanted.slice(0, -1)) : type === wanted;
  return {
    ...(types ? { type: types.flatMap((wanted) => all.filter(isOf(wanted))).join(',') } : {}),
    ...(session === undefined ? {} : { session }),
    ...(identity === undefined ? {} : { identity }),
    ...(connection === undefined ? {} : { connection }),
  };
}
