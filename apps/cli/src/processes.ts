import { describeError } from '#events';
import type { CheckState, Settings } from '#platform';

export type ProcessName = 'gateway' | 'recorder' | 'forwarder' | 'api';

/** What a process of this machine says of itself at /readyz. */
export interface ProcessReport {
  name: ProcessName;
  /** host:port of its /readyz. */
  at: string;
  /** Undefined where nothing answers, or nothing that is ours. */
  checks?: CheckState[];
  /** Why there are no checks. */
  silence?: string;
}

const TIMEOUT_MS = 5000;

/** Asks the four processes at the ports of this machine's settings. Never throws: silence is an answer. */
export function lookAtProcesses(settings: Settings): Promise<ProcessReport[]> {
  const host = settings.host === '0.0.0.0' || settings.host === '::' ? '127.0.0.1' : settings.host;
  const ports: [ProcessName, number][] = [
    ['gateway', settings.gatewayAdminPort],
    ['recorder', settings.recorderPort],
    ['forwarder', settings.forwarderPort],
    ['api', settings.apiPort],
  ];
  return Promise.all(ports.map(([name, port]) => lookAt(name, `${host}:${port}`)));
}

async function lookAt(name: ProcessName, at: string): Promise<ProcessReport> {
  try {
    const answer = await fetch(`http://${at}/readyz`, { signal: AbortSignal.timeout(TIMEOUT_MS) });
    const { checks } = (await answer.json()) as { checks?: CheckState[] };
    return Array.isArray(checks) ? { name, at, checks } : { name, at, silence: 'something else answers there' };
  } catch (error) {
    return { name, at, silence: causeOf(error) };
  }
}

/** What fetch() hides behind "fetch failed". */
export function causeOf(error: unknown): string {
  return error instanceof Error && error.cause instanceof Error ? describeError(error.cause) : describeError(error);
}
