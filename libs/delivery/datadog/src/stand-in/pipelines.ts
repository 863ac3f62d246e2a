import { OLDEST_AGE_MS } from '../limits.js';
import { ArrivedLog, isObject, type JsonObject, valueAt } from './arrived-log.js';
import { officialDate } from './intake.js';
import { parseQuery } from './log-query.js';

interface Processor {
  type?: string;
  is_enabled?: boolean;
  sources?: string[];
  target?: string;
  categories?: { name?: string; filter?: { query?: string } }[];
}

/** A pipeline as the API keeps it. */
export interface PipelineBody {
  is_enabled?: boolean;
  filter?: { query?: string };
  processors?: Processor[];
}

type Kept = { dateMs: number; raw: string };

/**
 * What enabled pipelines make of a log: the remappers and the category processor, as far as documented. A date that lies too far
 * back drops the log, as at the intake.
 * @returns undefined: dropped
 */
export function runPipelines(kept: Kept, pipelines: readonly PipelineBody[], nowMs: number): Kept | undefined {
  let { dateMs, raw } = kept;
  for (const pipeline of pipelines) {
    // It does nothing until it is enabled, which it is not by itself.
    if (pipeline.is_enabled !== true) continue;
    const filter = parseQuery(pipeline.filter?.query ?? '*', { numbers: true });
    if (!filter(new ArrivedLog('', dateMs, nowMs, raw))) continue;
    const entry = JSON.parse(raw) as JsonObject;
    for (const processor of pipeline.processors ?? []) {
      if (processor.is_enabled !== true) continue;
      const date = run(processor, entry, dateMs, nowMs);
      if (date !== undefined) dateMs = date;
    }
    raw = JSON.stringify(entry);
  }
  return dateMs < nowMs - OLDEST_AGE_MS ? undefined : { dateMs, raw };
}

/** @returns the new date, where it is a date that is mapped */
function run(processor: Processor, entry: JsonObject, dateMs: number, nowMs: number): number | undefined {
  const source = (processor.sources ?? []).map((path) => valueAt(entry, path)).find((value) => value !== undefined);
  switch (processor.type) {
    case 'date-remapper':
      return source === undefined ? undefined : officialDate({ timestamp: source }, nowMs);
    case 'status-remapper':
    case 'message-remapper':
    case 'service-remapper':
      if (source !== undefined) entry[processor.type.slice(0, -'-remapper'.length)] = source;
      return undefined;
    case 'category-processor': {
      const log = new ArrivedLog('', dateMs, nowMs, JSON.stringify(entry));
      const category = processor.categories?.find(({ filter }) =>
        parseQuery(filter?.query ?? '*', { numbers: true })(log),
      );
      if (category?.name !== undefined && processor.target !== undefined) put(entry, processor.target, category.name);
      return undefined;
    }
    default:
      return undefined;
  }
}

function put(entry: JsonObject, path: string, value: string): void {
  const [first = '', ...rest] = path.split('.');
  if (rest.length === 0) {
    entry[first] = value;
    return;
  }
  const inner = entry[first];
  const object = isObject(inner) ? inner : {};
  entry[first] = object;
  put(object, rest.join('.'), value);
}
