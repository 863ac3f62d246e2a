import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';

/** From half a millisecond to half a minute: an fsync, a hop, a slow Datadog. */
const SECONDS_BUCKETS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

/**
 * The metrics of one process, in Prometheus' text form. Names are `affidavit_<area>_<what>_<unit>`, counters end in `_total`,
 * units are seconds and bytes. Few labels, none per event, session or identity.
 */
export class Metrics {
  readonly registry = new Registry();

  /** @param options.process also the runtime's own metrics (memory, event loop, garbage collection) */
  constructor(options: { service?: string; process?: boolean } = {}) {
    if (options.service) this.registry.setDefaultLabels({ service: options.service });
    if (options.process) collectDefaultMetrics({ register: this.registry });
  }

  counter<L extends string = never>(name: string, help: string, labels: readonly L[] = []): Counter<L> {
    return new Counter({ name, help, labelNames: labels, registers: [this.registry] });
  }

  /** @param read called at each scrape; set the gauge there rather than on every change */
  gauge<L extends string = never>(
    name: string,
    help: string,
    labels: readonly L[] = [],
    read?: (gauge: Gauge<L>) => void | Promise<void>,
  ): Gauge<L> {
    return new Gauge<L>({
      name,
      help,
      labelNames: labels,
      registers: [this.registry],
      ...(read
        ? {
            collect(this: Gauge<L>) {
              return read(this);
            },
          }
        : {}),
    });
  }

  /** @param buckets upper bounds; default: seconds from 0.5 ms to 30 s */
  histogram<L extends string = never>(
    name: string,
    help: string,
    labels: readonly L[] = [],
    buckets: number[] = SECONDS_BUCKETS,
  ): Histogram<L> {
    return new Histogram({ name, help, labelNames: labels, buckets, registers: [this.registry] });
  }

  /** What `/metrics` answers. */
  text(): Promise<string> {
    return this.registry.metrics();
  }

  get contentType(): string {
    return this.registry.contentType;
  }
}
