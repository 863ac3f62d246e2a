import { isIP } from 'node:net';
import type { Approval, AuditEvent, EventData, WireText } from '#events';
import { cutToBytes } from '../../src/text.js';
import { MAX_STATEMENT_BYTES } from './limits.js';

// Attributes in brief. Every path has one type for ever, since a facet has one: ids, flags and big numbers are strings; counts,
// bytes and durations are numbers. What monitors ask for is a string, because Datadog searches numbers only through a facet
// that somebody clicked together. Objects nest two levels; lists are one string. Absent is left out, never null. No name of ours
// at top level is one that Datadog reserves, except those that we mean: ddsource, ddtags, service, status, message, timestamp.

export type AttributeValue = string | number | { [name: string]: AttributeValue | undefined };
export type Attributes = { [name: string]: AttributeValue | undefined };

const LONGEST_LIST_BYTES = 8_000;
const NS_PER_US = 1_000;

/** The part of a log that depends on the type of the event. */
export function typeAttributes(event: AuditEvent): Attributes {
  switch (event.type) {
    case 'session.opened':
      return {
        network: network(event.data.client),
        db: db(event.data.target),
        connection: { target: target(event.data.target) },
        session: { ...client(event.data.client), settings: list(event.data.settings) },
        approval: approval(event.data.approval),
      };
    case 'session.denied':
      return {
        network: network(event.data.client),
        session: {
          ...client(event.data.client),
          claimed_user: event.data.claimedUser,
          claimed_connection: event.data.claimedConnection,
        },
        error: { kind: event.data.error.code, message: event.data.error.message },
      };
    case 'session.closed':
      return sessionFact(event.data);
    case 'session.abandoned':
      return { session: { opened_at: event.data.openedAt, reason: event.data.reason, ended_by: event.data.by } };
    case 'command.issued':
      return {
        command: {
          id: event.data.command,
          kind: event.data.kind,
          cancels: event.data.cancels,
          statement_name: event.data.statementName,
          portal: event.data.portal,
          function_oid: event.data.functionOid,
          unresolved: flag(event.data.unresolved),
          parameters: event.data.parameters?.length,
          parameters_bytes: event.data.parametersRaw?.bytes,
          parameters_sha256: event.data.parametersRaw?.sha256,
        },
        db: statement(event.data.statement),
        approval: approval(event.data.approval),
      };
    case 'command.completed':
      return {
        command: {
          id: event.data.command,
          rows: event.data.rows,
          bytes_out: event.data.bytesOut,
          bytes_in: event.data.bytesIn,
          committed: event.data.committed,
          tags: event.data.tags?.join('; '),
          tag_count: event.data.tagCount ?? event.data.tags?.length,
        },
        db: { operation: operation(event.data.tags?.[0]) },
        duration: event.data.durationUs * NS_PER_US,
        error: event.data.error
          ? {
              kind: event.data.error.sqlstate,
              message: event.data.error.message,
              severity: event.data.error.severity,
              stage: event.data.error.stage,
            }
          : undefined,
      };
    case 'command.chunk':
      return {
        command: {
          id: event.data.command,
          chunk: { part: event.data.part, index: event.data.index, bytes: event.data.bytes, sha256: event.data.sha256 },
        },
      };
    case 'approval.requested':
    case 'approval.granted':
    case 'approval.rejected':
    case 'approval.expired':
    case 'approval.bypassed':
      return approvalAct(event.type, event.data);
    default:
      return { [categoryOf(event.type)]: general(categoryOf(event.type), event.data) };
  }
}

/** The first word of an event's type. */
export function categoryOf(type: string): string {
  const end = type.indexOf('.');
  return end < 0 ? type : type.slice(0, end);
}

function sessionFact(data: EventData<'session.closed'>): Attributes {
  return {
    network: network(data.client),
    db: db(data.target),
    connection: { target: target(data.target) },
    session: {
      ...client(data.client),
      opened_at: data.openedAt,
      reason: data.reason,
      commands: data.commands,
      failed: data.failed,
      rows: data.rows,
      bytes_in: data.bytesIn,
      bytes_out: data.bytesOut,
      context: cutToBytes(data.context.join('\n'), LONGEST_LIST_BYTES),
    },
    duration: data.durationUs * NS_PER_US,
    approval: approval(data.approval),
    error: data.error ? { kind: data.error.code, message: data.error.message } : undefined,
  };
}

type Client = EventData<'session.opened'>['client'];
type Target = EventData<'session.opened'>['target'];

function network(from: Client): AttributeValue {
  return {
    client: {
      ip: isIP(from.address) ? from.address : undefined,
      address: isIP(from.address) ? undefined : from.address,
      port: from.port,
    },
  };
}

function client(from: Client): Attributes {
  return { application: from.application, tls: flag(from.tls) };
}

function target(to: Target): AttributeValue {
  return { host: to.host, port: to.port };
}

function db(to: Target): AttributeValue {
  return { instance: to.database, user: to.user };
}

function approval(given: Approval): AttributeValue {
  return { required: flag(given.required), state: given.state, by: given.by, id: given.id };
}

function approvalAct(
  type: string,
  data: {
    approval?: string | undefined;
    command?: string | undefined;
    digest?: string | undefined;
    by?: string | undefined;
    reason?: string | undefined;
  },
): Attributes {
  return {
    approval: {
      id: data.approval,
      state: type.slice('approval.'.length),
      by: data.by,
      reason: data.reason,
      digest: data.digest,
      required: 'true',
    },
    command: data.command === undefined ? undefined : { id: data.command },
  };
}

function statement(text: WireText | undefined): AttributeValue | undefined {
  if (!text) return undefined;
  const shown = text.text === undefined ? undefined : cutToBytes(text.text, MAX_STATEMENT_BYTES);
  const isWhole = text.text !== undefined && shown === text.text && !text.truncated && !text.chunks;
  return {
    statement: shown,
    // Bytes that are no text in the client's encoding; bounded likewise.
    statement_base64:
      text.text === undefined && text.base64 !== undefined ? text.base64.slice(0, MAX_STATEMENT_BYTES) : undefined,
    statement_bytes: text.bytes,
    statement_sha256: text.sha256,
    statement_truncated: isWhole ? undefined : 'true',
  };
}

/** `INSERT 0 5` → `INSERT`, `CREATE TABLE` → `CREATE TABLE`. */
function operation(commandTag: string | undefined): string | undefined {
  return commandTag?.replace(/[\s\d]+$/, '') || undefined;
}

function flag(value: boolean | undefined): string | undefined {
  return value === undefined ? undefined : String(value);
}

function list(value: object | undefined): string | undefined {
  return value === undefined ? undefined : cutToBytes(JSON.stringify(value), LONGEST_LIST_BYTES);
}

/** Acts on the record itself (holds, replays, keys …): their members under the name of their kind, `hold.hold` as `hold.id`. */
function general(category: string, data: object): Attributes {
  const out: Attributes = {};
  for (const [name, value] of Object.entries(data)) {
    const key = name === category ? 'id' : name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`).slice(0, 49);
    if (typeof value === 'string') out[key] = cutToBytes(value, LONGEST_LIST_BYTES);
    else if (typeof value === 'number') out[key] = value;
    else if (typeof value === 'boolean') out[key] = flag(value);
    else if (typeof value === 'object' && value !== null) out[key] = list(value);
  }
  return out;
}
