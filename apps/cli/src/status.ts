import { AffidavitError, describeError } from '#events';
import { loadSettings, type Settings } from '#platform';
import { ApiClient } from './api-client.js';
import type { DestinationView, ProducerView, StatusView } from './api-types.js';
import { lookAtProcesses, type ProcessReport } from './processes.js';
import { redisUrlOf } from './running.js';

/** One hop of an event's way, of one producer, projection or destination. */
export interface Hop {
  hop: 'spool → Redis' | 'Redis → record' | 'record → sessions' | 'outbox → record' | `record → ${string}`;
  /** Producer, projection or lane. */
  of: string;
  state: 'ok' | 'behind' | 'stopped' | 'unknown';
  /** Number or position that the far side has; null where it cannot be seen from here. */
  upTo: string | null;
  /** Events that wait. */
  behind: string | null;
  /** RFC 3339: since when the oldest of them waits. */
  since: string | null;
  note: string;
}

/** What a process says is wrong, or that it says nothing. */
export interface StatusTrouble {
  hop: string;
  /** Process and check. */
  of: string;
  /** RFC 3339; null where nobody knows. */
  since: string | null;
  reason: string;
  remedy: string;
  /** False: its process does its work all the same. */
  required: boolean;
}

export interface Status {
  /** Null where the audit-log API does not answer. */
  log: { name: string; size: string; recordedAt: string | null } | null;
  hops: Hop[];
  troubles: StatusTrouble[];
}

/** Hourly at least, a minute while anything but reads and checkpoints is recorded. */
const LATE_CHECKPOINT_MS = 3_700_000;
/** A record that does not answer within this is shown as such. */
const TIMEOUT_MS = 5000;

/** What cannot be reached is shown as trouble or as unknown. @throws CLI_NO_KEY, and what the API refuses */
export async function collectStatus(): Promise<Status> {
  const settings = loadSettings();
  const api = ApiClient.of(settings, TIMEOUT_MS);
  const [processes, spools, read] = await Promise.all([
    lookAtProcesses(settings),
    spoolHops(settings),
    readRecord(api),
  ]);
  const troubles = processes.flatMap(troublesOf);
  if ('unreachable' in read) {
    const silent = processes.filter((one) => one.name !== 'gateway' && one.checks === undefined).map(silence);
    return { log: null, hops: spools, troubles: [...troubles, ...(silent.length > 0 ? silent : [read.unreachable])] };
  }
  const { status, producers } = read;
  const destinations = destinationHops(status);
  const hops = [...spools, ...(await streamHops(settings, producers, status)), ...recordHops(status), ...destinations];
  const idle = processes.find((one) => one.name === 'forwarder' && one.checks === undefined);
  if (idle && destinations.some((hop) => hop.state !== 'ok')) troubles.push(silence(idle));
  return { log: { name: status.log, size: status.head.size, recordedAt: status.head.recordedAt }, hops, troubles };
}

/** What the API says of the record; where it cannot, that itself is what is to be shown. */
async function readRecord(
  api: ApiClient,
): Promise<{ status: StatusView; producers: ProducerView[] } | { unreachable: StatusTrouble }> {
  try {
    const [status, { producers }] = await Promise.all([
      api.read('/v1/status'),
      api.read('/v1/producers', { query: { limit: 1000 } }),
    ]);
    return { status, producers: producers.filter((one) => one.node !== 'record' && one.state !== 'closed') };
  } catch (error) {
    if (!(error instanceof AffidavitError) || error.retry !== 'later') throw error;
    const { hop, required } = { hop: 'record → reader', required: true };
    return {
      unreachable: { hop, of: 'api', since: null, reason: describeError(error), remedy: error.remedy, required },
    };
  }
}

function troublesOf({ name, checks = [] }: ProcessReport): StatusTrouble[] {
  return checks
    .filter((check) => !check.ok)
    .map((check) => ({
      hop: check.hop,
      of: `${name}: ${check.name}`,
      since: check.since,
      reason: check.reason ?? 'no reason given',
      remedy: check.remedy ?? '',
      required: check.required,
    }));
}

const HOPS: Record<ProcessReport['name'], string> = {
  gateway: 'agent → spool',
  recorder: 'Redis → record',
  forwarder: 'record → destinations',
  api: 'record → reader',
};

function silence({ name, at, silence: why }: ProcessReport): StatusTrouble {
  return {
    hop: HOPS[name],
    of: name,
    since: null,
    reason: `no ${name} answers at ${at}: ${why}`,
    remedy: 'Start it (`affidavit up`), or set AFFIDAVIT_HOST and its port if it is elsewhere; its log says more.',
    required: true,
  };
}

function recordHops(status: StatusView): Hop[] {
  const { outbox, sessions, search, head } = status;
  return [
    {
      hop: 'outbox → record',
      of: 'record',
      state: outbox.waiting === 0 ? 'ok' : 'behind',
      upTo: null,
      behind: String(outbox.waiting),
      since: outbox.oldestAt,
      note: '',
    },
    {
      hop: 'record → sessions',
      of: 'sessions',
      state: sessions.behind === '0' ? 'ok' : 'behind',
      upTo: sessions.horizon,
      behind: sessions.behind,
      since: sessions.behind === '0' ? null : head.recordedAt,
      note: `${sessions.open} open`,
    },
    {
      hop: 'record → search',
      of: 'commands',
      state: search.behind === '0' ? 'ok' : 'behind',
      upTo: search.horizon,
      behind: search.behind,
      since: search.behind === '0' ? null : head.recordedAt,
      note: '',
    },
    checkpointHop(status),
    ...verificationHop(status),
  ];
}

/** Checkpoints themselves are recorded, so there is always a little that the newest is not over. */
function checkpointHop({ checkpoint, treeBehind, head }: StatusView): Hop {
  const size = BigInt(checkpoint?.size ?? '0');
  const behind = BigInt(head.size) - size;
  const ageMs = checkpoint && head.recordedAt ? Date.parse(head.recordedAt) - Date.parse(checkpoint.signedAt) : 0;
  const isLate = treeBehind !== '0' || ageMs > LATE_CHECKPOINT_MS || (checkpoint === null && behind > 0n);
  return {
    hop: 'record → checkpoint',
    of: checkpoint ? `generation ${checkpoint.generation}` : 'none yet',
    state: isLate ? 'behind' : 'ok',
    upTo: String(size - 1n),
    behind: String(behind),
    since: isLate ? (checkpoint?.signedAt ?? head.recordedAt) : null,
    note: treeBehind === '0' ? '' : `the tree is being built, ${treeBehind} events to go`,
  };
}

function verificationHop({ verification, differences }: StatusView): Hop[] {
  if (!verification) return [];
  const { next, to, startedAt, finishedAt } = verification;
  return [
    {
      hop: 'record → verification',
      of: finishedAt ? `ended ${finishedAt.slice(0, 16)}` : `since ${startedAt.slice(0, 16)}`,
      state: differences > 0 ? 'stopped' : 'ok',
      upTo: String(BigInt(next) - 1n),
      behind: String(BigInt(to) - BigInt(next)),
      since: null,
      note: differences > 0 ? `${differences} differences` : '',
    },
  ];
}

function destinationHops({ destinations }: StatusView): Hop[] {
  return destinations.flatMap((one) => one.lanes.map((lane) => destinationHop(one, lane)));
}

function destinationHop(one: DestinationView, { lane, position, behind }: DestinationView['lanes'][number]): Hop {
  const batches = Object.entries(one.batches).filter(([, count]) => count > 0);
  const notes = batches.map(([state, count]) => `${count} ${state}`);
  if (one.deadLetters > 0) notes.push(`${one.deadLetters} dead letters`);
  if (one.state !== 'delivering') notes.unshift(`${one.state}: ${one.reason ?? 'no reason given'}`);
  const waits = behind !== '0' || batches.length > 0;
  return {
    hop: `record → ${one.destination}`,
    of: lane,
    state: one.state === 'paused' ? 'stopped' : waits || one.state !== 'delivering' ? 'behind' : 'ok',
    upTo: position,
    behind,
    since: one.state === 'delivering' ? one.oldestUndeliveredAt : one.since,
    note: notes.join(', '),
  };
}

/** How far each stream is ahead of the record. Needs Redis, which not every machine with a key may reach. */
async function streamHops(settings: Settings, producers: ProducerView[], status: StatusView): Promise<Hop[]> {
  const notes = [
    status.recorder.active ? '' : 'no recorder is active',
    status.quarantined > 0 ? `${status.quarantined} quarantined` : '',
    status.foreignEntries > 0 ? `${status.foreignEntries} foreign entries` : '',
  ].filter(Boolean);
  const hop = (producer: ProducerView, lastSeq: number | undefined, note = ''): Hop => {
    const behind = lastSeq === undefined ? null : Math.max(0, lastSeq - producer.seq);
    const stopped = !status.recorder.active || producer.state === 'forked';
    return {
      hop: 'Redis → record',
      of: `${producer.node}/${producer.epoch.slice(0, 8)}`,
      state: stopped ? 'stopped' : behind ? 'behind' : 'ok',
      upTo: String(producer.seq),
      behind: behind === null ? null : String(behind),
      since: behind ? (producer.last?.recordedAt ?? producer.openedAt) : null,
      note: [producer.state === 'open' ? '' : producer.state, note, ...notes].filter(Boolean).join(', '),
    };
  };
  if (producers.length === 0) return [];
  const { connectRedis, streamKey, seqOfEntryId } = await import('#streams');
  try {
    const redis = connectRedis(redisUrlOf(settings), 'plain');
    try {
      return await Promise.all(
        producers.map(async (producer) => {
          const key = streamKey(producer.node as never, producer.epoch as never);
          // A stream that is not there holds nothing; a Redis that does not answer says nothing.
          const info = (await redis.xinfo('STREAM', key).catch((error: Error) => {
            if (error.message.includes('no such key')) return [];
            throw error;
          })) as unknown[];
          const lastId = info[info.indexOf('last-generated-id') + 1];
          return hop(producer, typeof lastId === 'string' ? (seqOfEntryId(lastId) ?? 0) : 0);
        }),
      );
    } finally {
      redis.disconnect();
    }
  } catch (error) {
    return producers.map((producer) =>
      hop(producer, undefined, `Redis cannot be looked at from here: ${describeError(error)}`),
    );
  }
}

/** What the gateway on this machine says of its spool. Other gateways are asked at their own /metrics. */
async function spoolHops(settings: Settings): Promise<Hop[]> {
  const host = settings.host === '0.0.0.0' || settings.host === '::' ? '127.0.0.1' : settings.host;
  const url = `http://${host}:${settings.gatewayAdminPort}/metrics`;
  const unknown = (note: string): Hop[] => [
    { hop: 'spool → Redis', of: settings.node, state: 'unknown', upTo: null, behind: null, since: null, note },
  ];
  const text = await fetch(url, { signal: AbortSignal.timeout(3000) }).then(
    (answer) => answer.text(),
    () => undefined,
  );
  if (text === undefined) return unknown(`no gateway answers at ${url}`);
  const value = (name: string) => metric(text, `affidavit_spool_${name}`);
  const waiting = value('unconfirmed_events');
  if (waiting === undefined) return unknown(`${url} says nothing of a spool`);
  const bytes = value('unconfirmed_bytes') ?? 0;
  const age = value('oldest_unconfirmed_seconds') ?? 0;
  return [
    {
      hop: 'spool → Redis',
      of: settings.node,
      state: waiting === 0 ? 'ok' : 'behind',
      upTo: null,
      behind: String(waiting),
      since: waiting === 0 ? null : new Date(Date.now() - age * 1000).toISOString(),
      note: bytes > 0 ? `${Math.ceil(bytes / 1024)} KiB unconfirmed` : '',
    },
  ];
}

/** Sum of a metric's samples in Prometheus' text form; undefined where there is none. */
export function metric(text: string, name: string): number | undefined {
  const values = text
    .split('\n')
    .filter((line) => line.startsWith(`${name} `) || line.startsWith(`${name}{`))
    .map((line) => Number(line.slice(line.lastIndexOf(' ') + 1)));
  return values.length === 0 ? undefined : values.reduce((sum, one) => sum + one, 0);
}
