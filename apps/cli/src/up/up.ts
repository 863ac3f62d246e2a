import { randomBytes } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { apiUrlOf, explainError, freePort, Lifecycle, loadSettings, PlatformError, type Settings } from '#platform';
import { ApiClient, adminKeyFile } from '../api-client.js';
import { CliError, exitCodeOf } from '../errors.js';
import { colours, line } from '../output.js';
import { forgetRunning, isUp, readRunning } from '../running.js';
import { type Arrival, confirmArrival } from './arrival.js';
import type { UpOptions } from './options.js';
import { runSampleSession, SAMPLE, sampleToken } from './sample.js';
import { Stack } from './stack.js';
import { Steps } from './steps.js';
import { watchSources } from './watch.js';

/**
 * Starts the stack, runs the sample session and shows how it arrived. Stays up, or with `--once` stops all of it and
 * exits: 0 once the session's events are confirmed, else another code after one clear sentence.
 */
export async function up(options: UpOptions): Promise<void> {
  const startedAt = performance.now();
  const settings = loadSettings();
  const say = options.json ? (text: string) => process.stderr.write(`${text}\n`) : line;
  const steps = new Steps(say);
  const lifecycle = new Lifecycle(
    {
      info: (facts: { reason?: string }) => {
        if (!facts.reason) return;
        steps.end();
        say(colours.dim(`Stopping (${facts.reason}) …`));
      },
      warn: () => undefined,
      error: (facts: { err?: unknown }, message: string) =>
        process.stderr.write(`${message}: ${explainError(facts.err)}\n`),
    } as never,
    30_000,
  );
  let result: object | undefined;
  // Registered first, so it runs last: the result stands alone at the end.
  lifecycle.onClose('result', () => {
    if (result) line(JSON.stringify(result));
  });

  try {
    prepareDataFolder(settings);
    const before = readRunning(settings);
    if (before && isUp(before)) throw alreadyRunning(settings, before.pid);
    await refuseTakenPorts(settings, before ? PREDECESSOR_MS : 0);
    const isFirstStart = !existsSync(adminKeyFile(settings));
    const stack = await Stack.start(settings, steps, lifecycle);
    lifecycle.onClose('running', () => forgetRunning(settings));
    if (lifecycle.isStopping) return;

    if (!stack.hasSample) {
      if (options.once) throw noSample(settings);
      say(`  ${settings.configFile} has no sample connection; no sample session.`);
    } else {
      const arrival = await sampleSession(settings, steps);
      say('');
      for (const text of arrival.report) say(text);
      result = {
        sessionId: arrival.sessionId,
        recorded: arrival.recorded,
        delivered: arrival.delivered,
        elapsedMs: Math.round(performance.now() - startedAt),
      };
    }
    if (options.once) {
      await lifecycle.stop('--once is done');
      return;
    }
    result = undefined;
    say('');
    for (const text of howToGoOn(settings, stack, isFirstStart)) say(text);
    say(colours.dim(`\nUp after ${((performance.now() - startedAt) / 1000).toFixed(1)} s. Ctrl-C stops all of it.`));
    if (options.watch) lifecycle.onClose('watch', watchSources(stack, say));
  } catch (error) {
    if (lifecycle.isStopping) return;
    result = undefined;
    process.stderr.write(`\n${explainError(error)}\n`);
    await lifecycle.stop('could not go on', exitCodeOf(error));
  }
}

async function sampleSession(settings: Settings, steps: Steps): Promise<Arrival> {
  const applicationName = `affidavit-quickstart-${randomBytes(4).toString('hex')}`;
  const since = new Date(Date.now() - 1000).toISOString();
  await steps.step(
    'session',
    () => runSampleSession(settings, sampleToken(settings), applicationName),
    () => `${SAMPLE.identity} worked on ${SAMPLE.connection} through the gateway`,
  );
  return steps.step(
    'arrival',
    () => confirmArrival(settings, ApiClient.of(settings), { applicationName, since, identity: SAMPLE.identity }),
    (arrival) => `${arrival.delivered} of ${arrival.recorded} recorded events confirmed at ${arrival.place}`,
  );
}

function howToGoOn(settings: Settings, stack: Stack, isFirstStart: boolean): string[] {
  const host = settings.host === '0.0.0.0' ? '127.0.0.1' : settings.host;
  const api = apiUrlOf(settings);
  const lines: [string, string][] = [];
  if (stack.hasSample) {
    lines.push([
      'Try it',
      `PGPASSWORD=${sampleToken(settings)} psql 'host=${host} port=${settings.gatewayPort} user=${SAMPLE.identity} dbname=${SAMPLE.connection}'`,
    ]);
  }
  lines.push(
    ['API', `${api}/v1/sessions   (documentation: ${api}/docs)`],
    [
      'API key',
      isFirstStart
        ? `${readFileSync(adminKeyFile(settings), 'utf8').trim()}   (shown this once; kept in ${adminKeyFile(settings)})`
        : `${adminKeyFile(settings)}   (curl -H "Authorization: Bearer $(cat …)")`,
    ],
    [
      'Metrics',
      [settings.apiPort, settings.recorderPort, settings.forwarderPort, settings.gatewayAdminPort]
        .map((port) => `http://${host}:${port}/metrics`)
        .join('  '),
    ],
    ['Datadog', stack.standIn ? `local stand-in at ${stack.standIn}   (npx affidavit datadog logs)` : settings.ddSite],
    ['Policy', settings.configFile],
    ['Logs', join(settings.dataDir, 'logs')],
    ['Next', 'npx affidavit status   npx affidavit sessions list   npx affidavit token create --identity <id>'],
  );
  return lines.map(([name, text]) => `${colours.bold(name.padEnd(9))}${text}`);
}

function prepareDataFolder(settings: Settings): void {
  mkdirSync(settings.dataDir, { recursive: true });
  // Under root the database server runs as another user, who must pass through, not look around.
  chmodSync(settings.dataDir, process.getuid?.() === 0 ? 0o711 : 0o700);
  for (const name of ['logs', 'redis', 'datadog']) {
    mkdirSync(join(settings.dataDir, name), { recursive: true });
    chmodSync(join(settings.dataDir, name), 0o700);
  }
}

/** The processes of an `up` that was killed close by themselves, but not at once. */
const PREDECESSOR_MS = 12_000;

async function refuseTakenPorts(settings: Settings, patienceMs: number): Promise<void> {
  const { host } = settings;
  const ports: [variable: string, port: number, host: string][] = [
    ['AFFIDAVIT_GATEWAY_PORT', settings.gatewayPort, host],
    ['AFFIDAVIT_API_PORT', settings.apiPort, host],
    ['AFFIDAVIT_RECORDER_PORT', settings.recorderPort, host],
    ['AFFIDAVIT_FORWARDER_PORT', settings.forwarderPort, host],
    ['AFFIDAVIT_GATEWAY_ADMIN_PORT', settings.gatewayAdminPort, host],
  ];
  if (!settings.ddApiKey) ports.push(['AFFIDAVIT_DATADOG_PORT', settings.datadogPort, '127.0.0.1']);
  const until = Date.now() + patienceMs;
  for (const [variable, port, at] of ports) {
    for (;;) {
      const cause = await freePort(at, port, false).then(
        () => undefined,
        (error: unknown) => error,
      );
      if (cause === undefined) break;
      if (Date.now() >= until) throw portTaken(variable, port, at, cause);
      await sleep(50);
    }
  }
}

function portTaken(variable: string, port: number, host: string, cause: unknown): PlatformError {
  return new PlatformError({
    code: 'PLATFORM_PORT_TAKEN',
    message: `port ${port} on ${host} is already in use`,
    remedy: `Stop what listens there (another \`affidavit up\`?), or set ${variable} to a free port.`,
    retry: 'never',
    cause,
  });
}

function alreadyRunning(settings: Settings, pid: number): CliError {
  return new CliError({
    code: 'CLI_ALREADY_RUNNING',
    message: `\`affidavit up\` already runs with the data in ${settings.dataDir} (process ${pid})`,
    remedy: 'Use it (`affidavit status`), stop it first, or set AFFIDAVIT_DATA and the ports for a second one.',
    retry: 'never',
  });
}

function noSample(settings: Settings): CliError {
  return new CliError({
    code: 'CLI_NO_SAMPLE',
    message: `--once needs the sample connection, and ${settings.configFile} has none`,
    remedy: 'Set AFFIDAVIT_CONFIG to a file that is not there yet; `affidavit up` writes it with the sample.',
    retry: 'never',
  });
}
