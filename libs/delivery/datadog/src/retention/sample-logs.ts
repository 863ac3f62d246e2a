import { type Epoch, type EventDraft, type NodeName, stampEvent } from '#events';
import { recordedEvent } from '#record';
import { type LogContext, MAPPING_VERSIONS, renderLog } from '../log.js';
import { ArrivedLog } from '../stand-in/arrived-log.js';

/** A connection, as far as its logs differ by it. */
export interface SampledConnection {
  name: string;
  type: string;
  sensitivity: 'normal' | 'sensitive';
  /** Retention class of its sessions. */
  retention: string;
}

/** One log as the forwarder would send it, with the class that its event is recorded under. */
export interface SampleLog {
  class: string;
  /** Type and connection, for people. */
  what: string;
  log: ArrivedLog;
}

const SYSTEM = 'system';

/**
 * Logs of each class as they are really sent, to be held against filters of Datadog: of each connection the events of a session,
 * and of the record itself those that monitors ask for.
 * @param classes all that there are; one without a connection gets a session on a connection of no name of yours
 */
export function sampleLogs(
  env: string,
  classes: readonly string[],
  connections: readonly SampledConnection[],
  nowMs: number,
): SampleLog[] {
  const time = `${new Date(nowMs).toISOString().slice(0, -1)}000Z`;
  const nobody = classes
    .filter((name) => name !== SYSTEM && !connections.some((connection) => connection.retention === name))
    .map((retention) => ({ name: 'any', type: 'postgres', sensitivity: 'normal' as const, retention }));
  return [
    ...[...connections, ...nobody].flatMap((connection) => sessionOf(connection, time)),
    ...ofTheRecord(time),
  ].map((draft, at) => ({
    class: draft.class,
    what: draft.connection ? `${draft.type} on ${draft.connection.name}` : draft.type,
    log: new ArrivedLog('', nowMs, nowMs, rendered(draft, at + 1, env, nowMs)),
  }));
}

function sessionOf(connection: SampledConnection, time: string): EventDraft[] {
  const { name, type, sensitivity, retention } = connection;
  const common = {
    time,
    class: retention,
    session: '00000000-0000-4000-8000-000000000000',
    identity: { id: 'sample', kind: 'agent', verified: true },
    connection: { name, type, sensitivity },
  } as const;
  const client = { address: '192.0.2.1', port: 5432, tls: true };
  const target = { host: 'sample.invalid', port: 5432 };
  const approval = { required: false, state: 'none' } as const;
  const sha256 = '00'.repeat(32);
  return [
    { ...common, type: 'session.opened', data: { client, target, approval } },
    { ...common, type: 'session.denied', data: { client, error: { code: 'GATEWAY_SAMPLE', message: 'sample' } } },
    {
      ...common,
      type: 'command.issued',
      data: { command: 'sample.1', kind: 'query', statement: { text: 'SELECT 1', bytes: 8, sha256 }, approval },
    },
    {
      ...common,
      type: 'command.completed',
      data: {
        command: 'sample.1',
        outcome: 'success',
        tags: ['SELECT 1'],
        rows: 1,
        bytesOut: 1,
        durationUs: 1,
        committed: 'yes',
      },
    },
    {
      ...common,
      type: 'session.closed',
      data: {
        outcome: 'success',
        reason: 'sample',
        openedAt: time,
        durationUs: 1,
        commands: 1,
        failed: 0,
        rows: 1,
        bytesIn: 1,
        bytesOut: 1,
        client,
        target,
        approval,
        context: ['SELECT 1'],
      },
    },
  ];
}

function ofTheRecord(time: string): EventDraft[] {
  return [
    { time, class: SYSTEM, type: 'producer.started', data: { version: 'sample' } },
    {
      time,
      class: SYSTEM,
      type: 'producer.lost',
      data: { node: 'sample', epoch: '0000000000000001', from: 1, to: 2, by: 'producer' },
    },
    { time, class: SYSTEM, type: 'record.read', data: { key: 'sample', what: 'sample' } },
  ];
}

function rendered(draft: EventDraft, seq: number, env: string, nowMs: number): string {
  const event = stampEvent(draft, 'sample' as NodeName, '0000000000000001' as Epoch, seq);
  const recorded = recordedEvent(event, { position: BigInt(seq), recordedAt: event.time });
  const context = { batch: 1n, attempt: 1, lane: 'live', mappingVersion: MAPPING_VERSIONS.at(-1), env, nowMs };
  return renderLog(recorded, context as LogContext);
}
