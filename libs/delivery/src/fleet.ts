import type { Destination } from './destination.js';
import { Forwarder, type ForwarderOptions } from './forwarder.js';
import type { DestinationEntry, Rate } from './ledger.js';

/** A destination as the configuration has it. */
export interface DestinationSpec {
  entry: DestinationEntry;
  rate?: Rate | undefined;
  /** Everything that, changed, makes another destination object necessary. No secrets: it is compared and may be logged. */
  identity: string;
  /** Makes the object that sends. @throws ConfigError where the configuration cannot be used, for example a missing secret */
  make(): Pick<ForwarderOptions, 'destination' | 'duties'>;
}

export interface FleetOptions extends Omit<ForwarderOptions, 'destination' | 'entry' | 'rate' | 'duties'> {
  /** Told of a destination that cannot be made; it is left as it is in the ledger, and nothing of it is lost. */
  onUnusable?: (name: string, error: unknown) => void;
}

/** Delivers to every destination of the configuration, each by a forwarder of its own, and follows changes of it. */
export class Fleet {
  private readonly running = new Map<string, { shape: string; forwarder: Forwarder }>();
  private readonly unusable = new Map<string, unknown>();
  private changing: Promise<void> = Promise.resolve();
  private isStopped = false;

  constructor(private readonly options: FleetOptions) {}

  /** Makes it so: starts what is new, replaces what is changed, stops what is gone. Resolves when the old ones have ended. */
  follow(specs: readonly DestinationSpec[]): Promise<void> {
    this.changing = this.changing.then(() => this.change(specs));
    return this.changing;
  }

  get forwarders(): readonly Forwarder[] {
    return [...this.running.values()].map(({ forwarder }) => forwarder);
  }

  /** Destinations of the configuration that cannot be made, and why. */
  get problems(): ReadonlyMap<string, unknown> {
    return this.unusable;
  }

  /** Ends all of them. */
  stop(): Promise<void> {
    this.isStopped = true;
    return this.follow([]);
  }

  private async change(specs: readonly DestinationSpec[]): Promise<void> {
    const wanted = new Map(this.isStopped ? [] : specs.map((spec) => [spec.entry.name, spec]));
    await Promise.all(
      [...this.running].map(async ([name, { shape, forwarder }]) => {
        const spec = wanted.get(name);
        if (spec && shapeOf(spec) === shape) return;
        this.running.delete(name);
        await forwarder.stop();
      }),
    );
    this.unusable.clear();
    for (const [name, spec] of wanted) {
      if (this.running.has(name)) continue;
      let made: { destination: Destination };
      try {
        made = spec.make();
      } catch (error) {
        this.unusable.set(name, error);
        this.options.onUnusable?.(name, error);
        continue;
      }
      const forwarder = new Forwarder({ ...this.options, ...made, entry: spec.entry, rate: spec.rate });
      this.running.set(name, { shape: shapeOf(spec), forwarder });
      // Not awaited: it keeps trying until Postgres and Redis are there.
      void forwarder.start();
    }
  }
}

function shapeOf({ entry, rate, identity }: DestinationSpec): string {
  return JSON.stringify([entry, rate ?? null, identity]);
}
