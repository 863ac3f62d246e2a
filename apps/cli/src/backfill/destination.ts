import type { Destination, EventSelection, Rate } from '#delivery';
import { DatadogDestination, intakeUrl } from '#delivery/datadog';
import type { Settings } from '#platform';
import { STAND_IN_KEY, standInUrl } from '../datadog-reader.js';
import { CliError } from '../errors.js';

/** A destination as this machine's configuration has it. */
export interface ConfiguredDestination {
  destination: Destination;
  selection: EventSelection;
  rate?: Rate | undefined;
}

/**
 * The destination of this name. Without a key, Datadog is the stand-in on this machine.
 * @throws CLI_DESTINATION_UNKNOWN
 */
export function configuredDestination(name: string, settings: Settings): ConfiguredDestination {
  const { ddApiKey, ddLogsUrl, ddSite, ddEnv: env } = settings;
  if (name !== 'datadog') {
    throw new CliError({
      code: 'CLI_DESTINATION_UNKNOWN',
      message: `the configuration has no destination ${JSON.stringify(name)}; it has: datadog`,
      remedy: 'Name one of those, or add it: the secrets must be here, where it is sent from.',
      retry: 'never',
    });
  }
  const options = ddApiKey
    ? { url: ddLogsUrl ?? intakeUrl(ddSite), apiKey: ddApiKey, env }
    : { url: `${standInUrl(settings)}/api/v2/logs`, apiKey: STAND_IN_KEY, env };
  return { destination: new DatadogDestination(options), selection: {} };
}
