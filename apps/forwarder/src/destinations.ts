import type { DestinationSpec } from '#delivery';
import { DatadogDestination, intakeUrl } from '#delivery/datadog';
import { ConfigError, type Settings } from '#platform';

/** The destinations of the configuration, now and as it changes. */
export abstract class Destinations {
  abstract current(): DestinationSpec[];
  /** @param listener called with all of them when any has changed */
  abstract onChange(listener: (specs: DestinationSpec[]) => void): void;
  abstract close(): void;
}

/** The one destination that the environment names. */
export class EnvironmentDestinations extends Destinations {
  constructor(private readonly settings: Settings) {
    super();
  }

  current(): DestinationSpec[] {
    const { ddApiKey, ddLogsUrl, ddSite, ddEnv } = this.settings;
    if (!ddApiKey) return [];
    const url = ddLogsUrl ?? intakeUrl(ddSite);
    return [
      {
        entry: { name: 'datadog', kind: 'datadog', startAt: 'beginning', isHeld: false, selection: {} },
        identity: url,
        make: () => ({ destination: new DatadogDestination({ url, apiKey: ddApiKey, env: ddEnv }) }),
      },
    ];
  }

  onChange(): void {}

  close(): void {}
}

/** @throws CONFIG_INVALID where there is nothing to deliver to */
export function destinationMissing(): ConfigError {
  return new ConfigError({
    code: 'CONFIG_INVALID',
    message: 'DD_API_KEY is not set, and the policy file names no destinations',
    remedy: 'Set DD_API_KEY, or use `affidavit up`, which starts a local stand-in for Datadog.',
    retry: 'never',
  });
}
