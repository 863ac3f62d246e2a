import { randomUUID } from 'node:crypto';
import {
  type CanonicalValue,
  type ConnectionRef,
  canonicalBytes,
  type EventData,
  type EventDraft,
  type Identity,
  instantOfMillis,
} from '#events';

export interface ClientFacts {
  address: string;
  port: number;
  application?: string;
  tls: boolean;
}

export interface SessionFacts {
  identity: Identity;
  connection: ConnectionRef;
  retentionClass: string;
  client: ClientFacts;
  target: EventData<'session.opened'>['target'];
}

/** No approvals are asked for yet: the configuration accepts `approval: none` only, and the events say so. */
export const NO_APPROVAL: EventData<'session.opened'>['approval'] = { required: false, state: 'none' };

/**
 * An outcome's reservation is 2,048 bytes. Around the draft come the record's frame (54 bytes) and what the producer stamps:
 * version, id, node (up to 40), epoch and number, together below 190.
 */
export const OUTCOME_BYTES = 2048 - 54 - 190;
const CONTEXT_ENDS = 5;

/** Builds the events of one session and keeps what its last one sums up. */
export class SessionRecord {
  readonly id: string = randomUUID();
  readonly facts: SessionFacts;
  readonly openedAtMs: number;
  commands = 0;
  failed = 0;
  rows = 0;
  bytesIn = 0;
  bytesOut = 0;
  #now: () => number;
  #first: string[] = [];
  #last: string[] = [];
  #isPlain: boolean;

  constructor(facts: SessionFacts, now: () => number = Date.now) {
    this.facts = facts;
    this.#now = now;
    this.openedAtMs = now();
    this.#isPlain = Buffer.byteLength(JSON.stringify([facts.identity, facts.connection])) < 600;
  }

  /** The next command's id. */
  nextCommand(): string {
    this.commands += 1;
    return `${this.id}.${this.commands}`;
  }

  /** Remembers a command's beginning for the session's summary. */
  remember(text: string): void {
    const shown = text.slice(0, 200).toWellFormed();
    if (this.#first.length < CONTEXT_ENDS) this.#first.push(shown);
    else {
      this.#last.push(shown);
      if (this.#last.length > CONTEXT_ENDS) this.#last.shift();
    }
  }

  opened(settings: Record<string, string>): EventDraft {
    const { client, target } = this.facts;
    return this.#draft('session.opened', {
      client,
      target,
      ...(Object.keys(settings).length > 0 ? { settings } : {}),
      approval: NO_APPROVAL,
    });
  }

  issued(data: Omit<EventData<'command.issued'>, 'approval'>): EventDraft {
    return this.#draft('command.issued', { ...data, approval: NO_APPROVAL });
  }

  chunk(data: EventData<'command.chunk'>): EventDraft {
    return this.#draft('command.chunk', data);
  }

  /** Fits its reservation, shortened where it must be. */
  completed(data: EventData<'command.completed'>): EventDraft {
    const draft = this.#draft('command.completed', data);
    if (this.#isPlain && !data.error && (data.tags?.length ?? 0) <= 4) return draft;
    return fitted(draft);
  }

  /** Fits its reservation, shortened where it must be. */
  closed(ending: {
    outcome: EventData<'session.closed'>['outcome'];
    reason: string;
    error?: { code: string; message: string };
  }): EventDraft {
    const now = this.#now();
    const { client, target } = this.facts;
    return fitted(
      this.#draft('session.closed', {
        ...ending,
        openedAt: instantOfMillis(this.openedAtMs),
        durationUs: Math.max(0, Math.round((now - this.openedAtMs) * 1000)),
        commands: this.commands,
        failed: this.failed,
        rows: this.rows,
        bytesIn: this.bytesIn,
        bytesOut: this.bytesOut,
        client,
        target,
        approval: NO_APPROVAL,
        context: [...this.#first, ...this.#last],
      }),
    );
  }

  #draft<T extends 'session.opened' | 'session.closed' | 'command.issued' | 'command.completed' | 'command.chunk'>(
    type: T,
    data: EventData<T>,
  ): EventDraft {
    const { identity, connection, retentionClass } = this.facts;
    return {
      type,
      time: instantOfMillis(this.#now()),
      class: retentionClass,
      session: this.id,
      identity,
      connection,
      data,
    } as EventDraft;
  }
}

type Loose = { [key: string]: CanonicalValue | undefined };

/** The steps by which an outcome is shortened until it fits, the least loss first. */
const SHORTENINGS: ((draft: Loose, data: Loose) => void)[] = [
  (_draft, data) => cutAll(data, 'context', 80),
  (_draft, data) => cutIn(data.error, 'message', 160),
  (_draft, data) => cutAll(data, 'context', 30),
  (draft) => dropIn(draft.identity, ['name', 'onBehalfOf', 'provider']),
  (_draft, data) => dropIn(data.client, ['application']),
  (_draft, data) => cutAll(data, 'tags', 24),
  (_draft, data) => cutIn(data.target, 'host', 64),
  (_draft, data) => {
    if (data.context) data.context = [];
    if (data.tags) data.tags = [];
  },
  (_draft, data) => cutIn(data.error, 'message', 40),
  (draft) => dropIn(draft.identity, ['email']),
  (_draft, data) => dropIn(data.target, ['database', 'user']),
];

/** The same event, not larger than {@link OUTCOME_BYTES}. */
export function fitted(draft: EventDraft): EventDraft {
  if (sizeOf(draft) <= OUTCOME_BYTES) return draft;
  const copy = structuredClone(draft) as unknown as Loose;
  for (const shorten of SHORTENINGS) {
    shorten(copy, copy.data as Loose);
    if (sizeOf(copy as unknown as EventDraft) <= OUTCOME_BYTES) break;
  }
  return copy as unknown as EventDraft;
}

function sizeOf(draft: EventDraft): number {
  return canonicalBytes(draft as unknown as CanonicalValue).length;
}

function cut(text: string, characters: number): string {
  return text.length <= characters ? text : `${text.slice(0, characters - 1).toWellFormed()}…`;
}

function cutAll(data: Loose, key: string, characters: number): void {
  const list = data[key];
  if (Array.isArray(list)) data[key] = list.map((text) => cut(String(text), characters));
}

function cutIn(holder: CanonicalValue | undefined, key: string, characters: number): void {
  const object = holder as Loose | undefined;
  if (typeof object?.[key] === 'string') object[key] = cut(object[key], characters);
}

function dropIn(holder: CanonicalValue | undefined, keys: string[]): void {
  for (const key of keys) if (holder) delete (holder as Loose)[key];
}
