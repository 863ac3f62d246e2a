import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, existsSync, fstatSync, openSync, readFileSync, renameSync, statSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { childEnvironment } from '#platform';
import { CliError } from '../errors.js';

export interface ChildFacts {
  name: string;
  /** Arguments of node: the program and its own. */
  args: string[];
  env: Record<string, string | undefined>;
  logFile: string;
  /** Answers with 2xx once the process is of use. */
  readyUrl: string;
}

const START_TIMEOUT_MS = 30_000;
const STOP_TIMEOUT_MS = 12_000;
const FIRST_RESTART_MS = 500;
const LONGEST_RESTART_MS = 30_000;
/** A process that ran this long before it died begins anew with the short wait. */
const STEADY_MS = 60_000;
/** Logs are for looking at the last runs; beyond this the file begins anew, and one older is kept. */
const LOG_BYTES = 16 * 1024 ** 2;

/**
 * One process of the stack: started, watched, started again if it dies, stopped. It is linked by IPC, so that it ends by
 * itself when this process is killed, and has a process group of its own, so that ctrl-C reaches it only in its turn.
 */
export class Child {
  private process: ChildProcess | undefined;
  private exited: Promise<number | null> = Promise.resolve(null);
  private stopping = false;
  private wasReady = false;
  private restartMs = FIRST_RESTART_MS;
  private reported: string | undefined;
  /** Where this run begins in the log. */
  private logFrom = 0;

  constructor(
    private readonly facts: ChildFacts,
    private readonly say: (text: string) => void,
  ) {}

  get name(): string {
    return this.facts.name;
  }

  get pid(): number | undefined {
    return this.process?.pid;
  }

  /** Resolves once it is ready. @throws CLI_PROCESS_FAILED with what it said */
  async start(): Promise<void> {
    rotate(this.facts.logFile);
    this.launch();
    await this.ready();
    this.wasReady = true;
  }

  /** Lets it close in order; kills it if that takes too long. */
  async stop(): Promise<void> {
    this.stopping = true;
    const child = this.process;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGTERM');
    const timer = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS);
    await this.exited;
    clearTimeout(timer);
  }

  /** Stops and starts it, for new code. */
  async restart(): Promise<void> {
    await this.stop();
    this.stopping = false;
    this.launch();
    await this.ready();
  }

  /** Variables that only the first start needs (an enrolment token) are not given again. */
  forget(variable: string): void {
    delete this.facts.env[variable];
  }

  private launch(): void {
    const log = openSync(this.facts.logFile, 'a', 0o600);
    this.logFrom = fstatSync(log).size;
    const child = spawn(process.execPath, this.facts.args, {
      env: childEnvironment(this.facts.env),
      stdio: ['ignore', log, log, 'ipc'],
      detached: true,
    });
    closeSync(log);
    const startedAt = performance.now();
    this.process = child;
    this.reported = undefined;
    this.exited = new Promise((resolve) => {
      child.once('exit', (code) => resolve(code));
      child.once('error', () => resolve(null));
    });
    child.on('message', (message: { failed?: string }) => {
      if (message.failed) this.reported = message.failed;
    });
    void this.exited.then((code) => this.ended(child, code, performance.now() - startedAt));
  }

  private async ended(child: ChildProcess, code: number | null, ranMs: number): Promise<void> {
    if (this.stopping || !this.wasReady || child !== this.process) return;
    if (ranMs > STEADY_MS) this.restartMs = FIRST_RESTART_MS;
    const why = this.reported ?? (code === null ? String(child.signalCode) : `code ${code}`);
    this.say(`! ${this.name} ended (${why}); starting it again in ${this.restartMs / 1000} s`);
    await sleep(this.restartMs);
    this.restartMs = Math.min(this.restartMs * 2, LONGEST_RESTART_MS);
    if (!this.stopping) this.launch();
  }

  private async ready(): Promise<void> {
    const deadline = performance.now() + START_TIMEOUT_MS;
    const child = this.process;
    let notReady = 'it does not answer';
    while (performance.now() < deadline) {
      if (this.stopping) return;
      if (this.reported || child?.exitCode !== null || child.signalCode !== null) {
        throw this.failed(this.reported ?? `it ended with ${child?.exitCode ?? child?.signalCode}`);
      }
      const answer = await fetch(this.facts.readyUrl, { signal: AbortSignal.timeout(2000) }).catch(() => undefined);
      if (answer?.ok) {
        await answer.body?.cancel();
        return;
      }
      if (answer) notReady = reasonsOf(await answer.text());
      await sleep(40);
    }
    throw this.failed(`it was not ready within ${START_TIMEOUT_MS / 1000} s: ${notReady}`);
  }

  private failed(why: string): CliError {
    const said = readFileSync(this.facts.logFile).subarray(this.logFrom).toString().trim().split('\n').slice(-5);
    return new CliError({
      code: 'CLI_PROCESS_FAILED',
      message: `${this.name} did not start: ${why}`,
      remedy: this.reported
        ? `More is in ${this.facts.logFile}.`
        : `The end of ${this.facts.logFile}:\n    ${said.join('\n    ')}`,
      retry: 'never',
    });
  }
}

function reasonsOf(text: string): string {
  try {
    const report = JSON.parse(text) as { checks?: { name: string; ok: boolean; reason?: string }[] };
    const failing = report.checks?.filter((check) => !check.ok) ?? [];
    return failing.map((check) => `${check.name}: ${check.reason ?? 'not ok'}`).join('; ') || text.slice(0, 200);
  } catch {
    return text.slice(0, 200);
  }
}

function rotate(file: string): void {
  if (existsSync(file) && statSync(file).size > LOG_BYTES) renameSync(file, `${file}.1`);
}
