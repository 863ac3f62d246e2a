import type { EventData, EventDraft, EventType } from '#events';
import { instantOfMillis } from '#events';

const NO_APPROVAL = { required: false, state: 'none' } as const;
const CLIENT = { address: '10.0.0.7', port: 50_000, application: 'psql', tls: true };
const TARGET = { host: 'db-1', port: 5432, database: 'orders', user: 'app' };

/** The events of one session as a gateway would make them, for tests that need a record with something in it. */
export class SessionEvents {
  private atMs: number;
  private commands = 0;
  private rows = 0;

  constructor(
    readonly id: string,
    private readonly facts: {
      openedAtMs?: number;
      identity?: string;
      kind?: 'agent' | 'human' | 'service';
      connection?: string;
      class?: string;
    } = {},
  ) {
    this.atMs = facts.openedAtMs ?? Date.UTC(2026, 10, 25, 12);
  }

  opened(): EventDraft {
    return this.draft('session.opened', { client: CLIENT, target: TARGET, approval: NO_APPROVAL });
  }

  denied(): EventDraft {
    const error = { code: 'GATEWAY_TOKEN_REFUSED', message: 'the token is not valid' };
    return this.draft('session.denied', { client: CLIENT, error, claimedUser: 'mallory' });
  }

  /** One command and its answer. */
  command(text: string, outcome: 'success' | 'failure' = 'success', rows = 1): EventDraft[] {
    this.commands += 1;
    this.rows += rows;
    const command = `${this.id}.${this.commands}`;
    const statement = { text, bytes: Buffer.byteLength(text), sha256: '0'.repeat(64) };
    return [
      this.draft('command.issued', { command, kind: 'query', statement, approval: NO_APPROVAL }),
      this.draft('command.completed', {
        command,
        outcome,
        rows,
        bytesOut: 100,
        bytesIn: 7,
        durationUs: 5,
        committed: 'yes',
      }),
    ];
  }

  closed(): EventDraft {
    return this.draft('session.closed', {
      outcome: 'success',
      reason: 'the client ended the session',
      openedAt: instantOfMillis(this.facts.openedAtMs ?? Date.UTC(2026, 10, 25, 12)),
      durationUs: 1,
      commands: this.commands,
      failed: 0,
      rows: this.rows,
      bytesIn: 0,
      bytesOut: 0,
      client: CLIENT,
      target: TARGET,
      approval: NO_APPROVAL,
      context: ['SELECT 1'],
    });
  }

  /** As the gateway's next run says of a session that its old spool left open. */
  abandoned(): EventDraft {
    return this.draft('session.abandoned', { by: 'producer', reason: 'the run ended without it' });
  }

  approval(type: 'approval.requested' | 'approval.granted' | 'approval.rejected' | 'approval.bypassed'): EventDraft {
    if (type === 'approval.requested') return this.draft(type, { approval: 'a1' });
    if (type === 'approval.bypassed') return this.draft(type, { reason: 'break glass' });
    return this.draft(type, { approval: 'a1', by: 'reviewer' });
  }

  private draft<T extends EventType>(type: T, data: EventData<T>): EventDraft {
    const { identity = 'agent-1', kind = 'agent', connection = 'orders' } = this.facts;
    this.atMs += 1;
    return {
      type,
      time: instantOfMillis(this.atMs),
      class: this.facts.class ?? 'standard',
      session: this.id,
      identity: { id: identity, kind, name: `Name of ${identity}`, verified: true },
      connection: { name: connection, type: 'postgres', sensitivity: 'normal' },
      data,
    } as EventDraft;
  }
}
