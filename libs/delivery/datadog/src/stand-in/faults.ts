import { DeliveryError } from '../../../src/errors.js';
import { type LogMatcher, parseQuery } from './log-query.js';

/**
 * What goes wrong on demand:
 * a status (`"429"`, `"503"` …) · `hang`: reads, never answers · `reset`: cuts the line before it reads · `lose-answer`: stores,
 * then cuts the line · `drop`: answers 202 and stores nothing · `slow`: waits `delayMs` first · a status and `-for-query`
 * (`400-for-query` …): answers so to every request that holds a log which matches `query` · `drop-for-query`: loses those logs alone,
 * without a word · `search-` and a status: a search or aggregate is answered with it · `config-` and a status: so is what reads or changes
 * configuration.
 */
export interface Fault {
  kind: string;
  /** Requests that it hits; null: until it is taken away. */
  count: number | null;
  /** `Retry-After`, seconds or a date. */
  retryAfter?: string;
  /** `X-RateLimit-Reset`, seconds. */
  rateLimitReset?: string;
  delayMs?: number;
  query?: string;
  matches?: LogMatcher;
}

const KINDS = /^([45]\d\d(-for-query)?|hang|reset|lose-answer|drop(-for-query)?|slow|(search|config)-[45]\d\d)$/;
const FOR_QUERY = '-for-query';
const NOT_OF_INTAKE = /^(search|config)-/;

const isStatusForQuery = ({ kind }: Fault) => kind.endsWith(FOR_QUERY) && kind !== 'drop-for-query';

/** The faults that wait for a request, first come first served. */
export class Faults {
  private waiting: Fault[] = [];

  /** @throws DELIVERY_FAULT_UNKNOWN, DELIVERY_QUERY_INVALID */
  add(request: Record<string, unknown>): Fault {
    const kind = String(request.kind);
    if (!KINDS.test(kind)) {
      throw new DeliveryError({
        code: 'DELIVERY_FAULT_UNKNOWN',
        message: `there is no fault ${JSON.stringify(request.kind)}`,
        remedy:
          'Use a status, hang, reset, lose-answer, drop, slow, a status or drop with -for-query, or search- or config- with a status.',
        retry: 'never',
      });
    }
    const isLasting = request.count === null || (request.count === undefined && kind.endsWith(FOR_QUERY));
    const fault: Fault = {
      kind,
      count: isLasting ? null : Number(request.count ?? 1),
      ...(request.retryAfter === undefined ? {} : { retryAfter: String(request.retryAfter) }),
      ...(request.rateLimitReset === undefined ? {} : { rateLimitReset: String(request.rateLimitReset) }),
      ...(request.delayMs === undefined ? {} : { delayMs: Number(request.delayMs) }),
      ...(request.query === undefined
        ? {}
        : { query: String(request.query), matches: parseQuery(String(request.query)) }),
    };
    this.waiting.push(fault);
    return fault;
  }

  /** The fault of this request, if one waits. Queries stay aside: they are looked at once the logs are known. */
  take(): Fault | undefined {
    const fault = this.waiting.find(({ kind }) => !kind.endsWith(FOR_QUERY) && !NOT_OF_INTAKE.test(kind));
    if (fault) this.used(fault);
    return fault;
  }

  /** The fault that one of these logs runs into. */
  takeForLogs(matchesAny: (matcher: LogMatcher) => boolean): Fault | undefined {
    const fault = this.waiting.find((one) => isStatusForQuery(one) && one.matches && matchesAny(one.matches));
    if (fault) this.used(fault);
    return fault;
  }

  /** The status that a request which is not for the intake is answered with, if one waits. */
  takeFor(what: 'search' | 'config'): number | undefined {
    const fault = this.waiting.find(({ kind }) => kind.startsWith(`${what}-`));
    if (!fault) return undefined;
    this.used(fault);
    return Number(fault.kind.slice(what.length + 1));
  }

  /** What a lasting fault of this kind hits. */
  matcher(kind: string): LogMatcher | undefined {
    return this.waiting.find((one) => one.kind === kind)?.matches;
  }

  list(): Omit<Fault, 'matches'>[] {
    return this.waiting.map(({ matches: _, ...fault }) => fault);
  }

  clear(): void {
    this.waiting = [];
  }

  private used(fault: Fault): void {
    if (fault.count === null) return;
    fault.count -= 1;
    if (fault.count <= 0) this.waiting = this.waiting.filter((one) => one !== fault);
  }
}
