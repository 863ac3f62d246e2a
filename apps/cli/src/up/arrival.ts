import { setTimeout as sleep } from 'node:timers/promises';
import type { Settings } from '#platform';
import type { ApiClient } from '../api-client.js';
import type { RecordedEventView, SessionAnswer } from '../api-types.js';
import { type ArrivedLog, attribute, type DatadogAccess, datadogAccess, searchLogs } from '../datadog-reader.js';
import { CliError } from '../errors.js';
import { colours, plain } from '../output.js';

/** What became of the sample session. */
export interface Arrival {
  sessionId: string;
  recorded: number;
  delivered: number;
  /** Where it was seen: Datadog, its stand-in, or the delivery ledger alone. */
  place: string;
  /** The session fact as it arrived, for people. */
  report: string[];
}

export interface SampleFacts {
  applicationName: string;
  identity: string;
  /** RFC 3339; the session opened after it. */
  since: string;
}

const TIMEOUT_MS = 60_000;
const POLL_MS = 50;
/** Datadog's search allows some hundred requests an hour. */
const POLL_DATADOG_MS = 3000;

/**
 * Waits until the session is recorded to its end and all of its events are confirmed: found by Datadog's own search (or the
 * stand-in's), or, without an application key, accepted according to the delivery ledger.
 * @throws CLI_NOT_RECORDED, CLI_NOT_DELIVERED
 */
export async function confirmArrival(settings: Settings, api: ApiClient, facts: SampleFacts): Promise<Arrival> {
  const until = Date.now() + TIMEOUT_MS;
  const answer = await waitForRecord(api, facts, until);
  const { session, events } = answer;
  const access = datadogAccess(settings);
  if (!access) {
    await waitForLedger(api, events, until);
    return {
      sessionId: session.id,
      recorded: events.length,
      delivered: events.length,
      place: 'Datadog (accepted; set DD_APP_KEY to read it back)',
      report: reportOf('From the record, accepted by Datadog:', factsOfRecord(answer)),
    };
  }
  const isStandIn = !settings.ddApiKey;
  const logs = await waitForLogs(access, session.id, events, until, isStandIn ? POLL_MS : POLL_DATADOG_MS);
  const fact = logs.find((log) => attribute(log, 'evt.name') === 'session.closed');
  const place = isStandIn ? 'the local stand-in for Datadog' : `Datadog (${settings.ddSite})`;
  return {
    sessionId: session.id,
    recorded: events.length,
    delivered: events.length,
    place,
    report: reportOf(`The session as it arrived at ${place}:`, fact ? factsOfLog(fact) : factsOfRecord(answer)),
  };
}

async function waitForRecord(api: ApiClient, facts: SampleFacts, until: number): Promise<SessionAnswer> {
  while (Date.now() < until) {
    const page = await api.read('/v1/sessions', { query: { identity: facts.identity, from: facts.since, limit: 50 } });
    const found = page.sessions.find((session) => session.client?.application === facts.applicationName);
    if (found && found.state !== 'open') {
      return api.read('/v1/sessions/{id}', { path: { id: found.id }, query: { limit: 1000 } });
    }
    await sleep(POLL_MS);
  }
  throw new CliError({
    code: 'CLI_NOT_RECORDED',
    message: `the sample session was not recorded to its end within ${TIMEOUT_MS / 1000} s`,
    remedy: '`affidavit status` shows which hop stands still; the logs are in AFFIDAVIT_DATA/logs.',
    retry: 'later',
  });
}

async function waitForLogs(
  access: DatadogAccess,
  session: string,
  events: RecordedEventView[],
  until: number,
  pollMs: number,
): Promise<ArrivedLog[]> {
  let missing = events.length;
  while (Date.now() < until) {
    const logs = await searchLogs(access, `@session.id:${session}`, { limit: 1000 });
    const seen = new Set(logs.map((log) => attribute(log, 'evt.id')));
    missing = events.filter((event) => !seen.has(event.event?.id)).length;
    if (missing === 0) return logs;
    await sleep(pollMs);
  }
  throw notDelivered(missing, events.length);
}

/** By the delivery ledger: everything up to the session's last event is cut into batches, and no batch is unsettled. */
async function waitForLedger(api: ApiClient, events: RecordedEventView[], until: number): Promise<void> {
  const last = events.reduce((most, event) => (BigInt(event.position) > most ? BigInt(event.position) : most), -1n);
  while (Date.now() < until) {
    const { destinations } = await api.read('/v1/status');
    const isSettled = destinations.every(
      ({ lanes, batches }) =>
        lanes.every((one) => BigInt(one.position) > last) && Object.values(batches).every((count) => count === 0),
    );
    if (destinations.length > 0 && isSettled) {
      if (destinations.some((one) => one.deadLetters > 0)) break;
      return;
    }
    await sleep(POLL_MS * 4);
  }
  throw notDelivered(events.length, events.length);
}

function notDelivered(missing: number, of: number): CliError {
  return new CliError({
    code: 'CLI_NOT_DELIVERED',
    message: `${missing} of ${of} events of the sample session were not confirmed at Datadog within ${TIMEOUT_MS / 1000} s`,
    remedy:
      'They are on the record and will be sent. `affidavit status` shows the forwarder, `affidavit doctor` checks the key.',
    retry: 'later',
  });
}

type Facts = [name: string, text: string][];

function reportOf(title: string, facts: Facts): string[] {
  return [colours.bold(title), ...facts.map(([name, text]) => `  ${name.padEnd(11)} ${plain(text)}`)];
}

function factsOfLog(log: ArrivedLog): Facts {
  const text = (path: string) => {
    const value = attribute(log, path);
    return value === undefined || value === null ? '' : String(value);
  };
  return [
    ['message', log.message],
    ['session', text('session.id')],
    [
      'who',
      [text('usr.id'), `(${text('usr.type')})`, text('usr.on_behalf_of') && `on behalf of ${text('usr.on_behalf_of')}`]
        .filter(Boolean)
        .join(' '),
    ],
    ['connection', [text('connection.name'), text('connection.type')].filter(Boolean).join(', ')],
    ['approval', text('approval.required') === 'true' ? text('approval.state') : `not required`],
    ['outcome', text('evt.outcome')],
    ...commandLines(attribute(log, 'session.context')),
  ];
}

function factsOfRecord({ session }: SessionAnswer): Facts {
  return [
    ['session', session.id],
    ['who', `${session.identityId ?? 'unknown'} (${session.identityKind ?? ''})`],
    ['connection', [session.connection, session.connectionType].filter(Boolean).join(', ')],
    ['approval', session.approvalRequired ? session.approvalState : 'not required'],
    ['outcome', session.outcome ?? session.state],
    ...commandLines(session.context),
  ];
}

function commandLines(context: unknown): Facts {
  const commands = Array.isArray(context)
    ? context.map(String)
    : typeof context === 'string'
      ? context.split('\n')
      : [];
  return commands.map((command, at) => [at === 0 ? 'commands' : '', command]);
}
