import { constants, setPriority } from 'node:os';
import { type BackfillView, type DeliveryObserver, RemoteLedger, SILENT_OBSERVER, sendBackfill } from '#delivery';
import { describeError } from '#events';
import type { Settings } from '#platform';
import { ApiClient } from '../api-client.js';
import { CliError, EXIT, usageError } from '../errors.js';
import { plain } from '../output.js';
import { grouped, ProgressBar } from '../progress.js';
import { type ConfiguredDestination, configuredDestination } from './destination.js';

export interface BackfillOptions {
  source?: string;
  destination: string;
  from?: string;
  to?: string;
  query?: string;
  rate?: string;
  resume?: string;
}

const LOOK_MS = 1_000;
const CHECK_TIMEOUT_MS = 10_000;
const SAY_AGAIN_MS = 10_000;

/**
 * Plans a backfill at the API, or takes one up again, and sends it from here, to its end or until ctrl-C.
 * @throws what the API or the configuration refuses; CLI_DESTINATION_REFUSES where the key is not taken
 */
export async function runBackfill(settings: Settings, options: BackfillOptions): Promise<BackfillView> {
  // Where it shares a machine with the record or a forwarder, those go first.
  setPriority(constants.priority.PRIORITY_BELOW_NORMAL);
  const eventsPerSecond = options.rate === undefined ? undefined : rateOf(options.rate);
  const api = ApiClient.at(options.source, settings);
  const bar = new ProgressBar('sending');
  const stop = new AbortController();
  const interrupt = () => stop.abort();
  process.once('SIGINT', interrupt).once('SIGTERM', interrupt);
  let configured: ConfiguredDestination | undefined;
  try {
    const known = options.resume === undefined ? undefined : await RemoteLedger.read(api, options.resume);
    configured = configuredDestination(known?.destination ?? options.destination, settings);
    await expectKeyTaken(configured, stop.signal);
    const backfill = known ? await goOn(api, known) : await plan(api, options, configured);
    bar.say(`${backfill.id}: positions ${backfill.fromPos} to ${backfill.toPos} for ${backfill.destination}`);
    const look = setInterval(() => {
      RemoteLedger.read(api, backfill.id).then(
        (now) => stop.signal.aborted || bar.show(...doneOf(now), noteOf(now)),
        () => undefined,
      );
    }, LOOK_MS);
    try {
      await sendBackfill({
        api,
        backfill,
        destination: configured.destination,
        rate: configured.rate,
        eventsPerSecond,
        leaseMs: settings.forwarderLeaseMs,
        observer: observer(bar),
        onWait: (why) => bar.say(why === undefined ? 'It goes on.' : `It waits: ${plain(why)}.`),
        stop: stop.signal,
      });
    } finally {
      clearInterval(look);
      bar.end();
    }
    const ended = await RemoteLedger.read(api, backfill.id);
    if (stop.signal.aborted && ended.state === 'running') throw interrupted(ended);
    return ended;
  } finally {
    process.off('SIGINT', interrupt).off('SIGTERM', interrupt);
    await configured?.destination.close();
  }
}

function plan(
  api: ApiClient,
  { from, to, query }: BackfillOptions,
  { destination, selection }: ConfiguredDestination,
): Promise<BackfillView> {
  const mappingVersion = destination.mappingVersions.at(-1) ?? 1;
  const { name, kind } = destination;
  return RemoteLedger.plan(api, { destination: name, kind, selection, mappingVersion, from, to, query }).then(
    (backfill) => goOn(api, backfill),
  );
}

/** Whoever starts it again wants it to go on. */
async function goOn(api: ApiClient, backfill: BackfillView): Promise<BackfillView> {
  if (backfill.state !== 'paused') return backfill;
  return api.act('/v1/backfills/{id}/resume', { path: { id: backfill.id } });
}

/** Before anything is planned: a key that is not taken is a matter of a minute, not of the ledger. */
async function expectKeyTaken({ destination }: ConfiguredDestination, stop: AbortSignal): Promise<void> {
  const answer = await destination.check(AbortSignal.any([stop, AbortSignal.timeout(CHECK_TIMEOUT_MS)]));
  if (answer.kind !== 'unauthorized' && answer.kind !== 'refused') return;
  throw new CliError({
    code: 'CLI_DESTINATION_REFUSES',
    message: `${destination.name} refuses requests from here: ${answer.reason}`,
    remedy: "Correct the destination's key or address in this machine's configuration; nothing was sent.",
    retry: 'never',
  });
}

function observer(bar: ProgressBar): DeliveryObserver {
  const saidAt = new Map<string, number>();
  return {
    ...SILENT_OBSERVER,
    deadLetter: ({ eventId, reason }) => bar.say(`${eventId} is refused for good: ${plain(reason)}`),
    turned: ({ to, reason }) =>
      bar.say(
        to === 'delivering' ? 'The destination takes events again.' : `The destination is ${to}: ${plain(reason)}`,
      ),
    trouble: (what, error) => {
      if (Date.now() - (saidAt.get(what) ?? 0) < SAY_AGAIN_MS) return;
      saidAt.set(what, Date.now());
      bar.say(`${plain(what)}: ${plain(describeError(error))}; it is tried again`);
    },
  };
}

/** How far it is, by positions: what a selection leaves out counts, too. */
function doneOf({ fromPos, toPos, nextPos, report }: BackfillView): [done: number, total: number] {
  const done = Number(BigInt(nextPos) - BigInt(fromPos)) - report.open;
  return [Math.max(0, done), Number(BigInt(toPos) - BigInt(fromPos))];
}

function noteOf({ state, report: { sent, dead } }: BackfillView): string {
  return [
    `${grouped(sent)} sent`,
    ...(dead > 0 ? [`${dead} dead letters`] : []),
    ...(state === 'running' ? [] : [state]),
  ].join(', ');
}

function rateOf(text: string): number {
  const rate = Number(text);
  if (Number.isFinite(rate) && rate > 0) return rate;
  throw usageError(`--rate '${text}' is no number of events a second`, 'Use a number above 0, for example 500.');
}

function interrupted({ id, report }: BackfillView): CliError {
  return new CliError({
    code: 'CLI_INTERRUPTED',
    message: `${id} was interrupted; ${report.sent} events are sent`,
    remedy: `Go on with \`affidavit backfill --resume ${id}\`, or the same command again.`,
    retry: 'now',
    exitCode: EXIT.failed,
  });
}
