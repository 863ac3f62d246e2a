import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  decodeEvent,
  type Epoch,
  type EventDraft,
  type EventType,
  encodeEvent,
  type NodeName,
  stampEvent,
} from '#events';
import { makeVerifier, type Policy, parsePolicy } from '#platform';
import { Emitter, type EventSpool, type Reservation } from '../../apps/gateway/src/emitter.js';
import { PostgresGateway, type PostgresGatewayOptions } from '../../apps/gateway/src/postgres/gateway.js';
import { OpenSessions } from '../../apps/gateway/src/sessions.js';
import { testFolder, until } from './servers.js';

/** Takes events in memory. What is faked is the disk: it can be slow, full, or fail; what is observed is what was given to it. */
export class MemorySpool implements EventSpool {
  readonly drafts: EventDraft[] = [];
  reserved = 0;
  isFull = false;
  /** Number of coming appends (of commands, not of outcomes) that fail. */
  failures = 0;
  delayMs = 0;
  /** While set, appends wait for it. */
  gate: Promise<void> | undefined;
  unconfirmedBytes = 0;
  oldestUnconfirmedAtMs: number | null = null;

  async append(draft: EventDraft, reservation?: Reservation): Promise<void> {
    if (!reservation) return this.appendAll([draft]);
    this.#take([draft]);
    reservation.release();
  }

  async appendAll(drafts: EventDraft[]): Promise<void> {
    if (this.isFull) throw new Error('the spool is full');
    if (this.failures > 0) {
      this.failures -= 1;
      throw new Error('the disk failed');
    }
    if (this.gate) await this.gate;
    if (this.delayMs > 0) await new Promise((resolve) => setTimeout(resolve, this.delayMs));
    this.#take(drafts);
  }

  /** As a spool would: what is no valid event of its type does not get in. */
  #take(drafts: EventDraft[]): void {
    for (const draft of drafts) {
      const seq = this.drafts.length + 1;
      const bytes = encodeEvent(stampEvent(draft, 'test' as NodeName, '0123456789abcdef' as Epoch, seq));
      decodeEvent(bytes);
      if (/completed|closed/.test(draft.type) && bytes.length > 2048 - 54)
        throw new Error(`${draft.type} is too large`);
      this.drafts.push(draft);
    }
  }

  reserve(): Reservation {
    if (this.isFull) throw new Error('the spool is full');
    this.reserved += 1;
    let isHeld = true;
    return {
      release: () => {
        if (isHeld) this.reserved -= 1;
        isHeld = false;
      },
    };
  }

  usage() {
    return { unconfirmedBytes: this.unconfirmedBytes, oldestUnconfirmedAtMs: this.oldestUnconfirmedAtMs };
  }
}

export interface TestGateway {
  gateway: PostgresGateway;
  port: number;
  spool: MemorySpool;
  policy: Policy;
  token: string;
  /** `postgresql://agent-7:token@127.0.0.1:port/orders` */
  url: string;
  /** Environment for psql, pgbench, pg_dump. */
  env: Record<string, string>;
  of<T extends EventType>(type: T): Extract<EventDraft, { type: T }>[];
  /** The one `session.closed` that is awaited, of the last session. */
  closed(count?: number): Promise<void>;
  stop(): Promise<void>;
}

export interface TestGatewayOptions {
  maxStatement?: string;
  maxUnconfirmed?: string;
  target?: string;
  connections?: string;
  identity?: string;
  gateway?: Partial<PostgresGatewayOptions>;
  spool?: EventSpool;
}

/** A gateway in this process in front of a real database: identity `agent-7`, connection `orders`. */
export async function testGateway(databaseUrl: string, options: TestGatewayOptions = {}): Promise<TestGateway> {
  const folder = testFolder();
  const token = `afd_${randomBytes(16).toString('base64url')}`;
  const url = new URL(databaseUrl);
  writeFileSync(join(folder.path, 'password'), decodeURIComponent(url.password), { mode: 0o600 });
  const verifier = makeVerifier(token);
  const policy = parsePolicy(
    `version: 1
identities:
  - id: agent-7
    kind: agent
    name: The seventh agent
    email: agent-7@example.com
    tokens: [{ id: t1, verifier: '${verifier}' }]
${options.identity ?? ''}
connections:
  - name: orders
    type: postgres
    maxStatement: ${options.maxStatement ?? '16MiB'}
    maxUnconfirmed: { bytes: ${options.maxUnconfirmed ?? '1GiB'} }
    target: ${
      options.target ??
      `{ host: ${url.hostname}, port: ${url.port}, database: ${url.pathname.slice(1)}, user: ${url.username}, password: { file: password } }`
    }
${options.connections ?? ''}
`,
    join(folder.path, 'affidavit.yaml'),
  );
  const spool = new MemorySpool();
  const logger = { info: () => undefined, warn: () => undefined, error: () => undefined };
  const emitter = new Emitter(options.spool ?? spool, { logger });
  const gateway = new PostgresGateway({
    policy: () => policy,
    emitter,
    sessions: new OpenSessions(),
    logger,
    secret: randomBytes(32),
    ...options.gateway,
  });
  const port = await gateway.listen('127.0.0.1', 0);
  const of = <T extends EventType>(type: T) =>
    spool.drafts.filter((draft): draft is Extract<EventDraft, { type: T }> => draft.type === type);
  return {
    gateway,
    port,
    spool,
    policy,
    token,
    url: `postgresql://agent-7:${token}@127.0.0.1:${port}/orders`,
    env: {
      PATH: process.env.PATH ?? '',
      PGHOST: '127.0.0.1',
      PGPORT: String(port),
      PGUSER: 'agent-7',
      PGPASSWORD: token,
      PGDATABASE: 'orders',
      PGSSLMODE: 'disable',
      PGCONNECT_TIMEOUT: '10',
    },
    of,
    closed: async (count = 1) => {
      await until(`${count} session.closed`, () => of('session.closed').length >= count);
    },
    stop: async () => {
      await gateway.close();
      await emitter.drain(5000);
      folder.remove();
    },
  };
}
