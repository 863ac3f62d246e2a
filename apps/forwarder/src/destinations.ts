import { existsSync } from 'node:fs';
import { type DestinationSpec, operatorDuties, readBackDuties } from '#delivery';
import { makeDestination } from '#delivery/configured';
import {
  ConfigError,
  type DestinationPolicy,
  destinationsOf,
  type PolicyWatch,
  readSecret,
  type Settings,
  watchPolicy,
} from '#platform';

const NO_DESTINATIONS = { destinations: [] };

/** The destinations of affidavit.yaml, or of the environment where that names none, now and as the file changes. */
export class Destinations {
  private readonly watch: PolicyWatch | undefined;
  private listener: (specs: DestinationSpec[]) => void = () => undefined;

  /**
   * @param onWrong told of a file that cannot be used; the one before it stays in force
   * @throws CONFIG_POLICY_INVALID where the first one cannot be used
   * @throws CONFIG_INVALID where neither the file nor the environment names a destination
   */
  constructor(
    private readonly settings: Settings,
    onWrong: (error: Error) => void,
  ) {
    const { configFile, ddApiKey } = settings;
    // A forwarder for Datadog alone needs no file.
    if (existsSync(configFile)) this.watch = watchPolicy(configFile, () => this.listener(this.current()), onWrong);
    const isNamed = (this.watch?.current().destinations.length ?? 0) > 0;
    if (!isNamed && !ddApiKey) {
      this.close();
      throw destinationMissing(configFile);
    }
  }

  current(): DestinationSpec[] {
    return destinationsOf(this.watch?.current() ?? NO_DESTINATIONS, this.settings).map((one) =>
      specOf(one, this.settings),
    );
  }

  /** Why the file as it stands is not in force; undefined where it is. */
  problem(): Error | undefined {
    return this.watch?.problem();
  }

  /** @param listener called with all of them when the file has changed */
  onChange(listener: (specs: DestinationSpec[]) => void): void {
    this.listener = listener;
  }

  close(): void {
    this.watch?.close();
  }
}

function specOf(policy: DestinationPolicy, settings: Settings): DestinationSpec {
  const { name, kind, startAt, state, filter, rate, ...rest } = policy;
  return {
    entry: { name, kind, startAt, isHeld: state === 'paused', selection: filter },
    rate,
    // Secrets are named here, never held: they are read at each request.
    identity: JSON.stringify(rest),
    make: () => ({
      destination: makeDestination(policy, { env: settings.ddEnv, secretOf: readSecret }),
      duties: [
        ...operatorDuties(),
        ...readBackDuties({ settleMs: settings.readBackSettleMs, everyMs: settings.reconcileEveryMs }),
      ],
    }),
  };
}

function destinationMissing(file: string): ConfigError {
  return new ConfigError({
    code: 'CONFIG_INVALID',
    message: `DD_API_KEY is not set, and ${file} names no destinations`,
    remedy:
      'Set DD_API_KEY, or name destinations: in the policy file, or use `affidavit up`, which starts a local stand-in for Datadog.',
    retry: 'never',
  });
}
