import { existsSync } from 'node:fs';
import type { Destination, EventSelection, Rate } from '#delivery';
import { makeDestination } from '#delivery/configured';
import { DatadogDestination } from '#delivery/datadog';
import { type DestinationPolicy, destinationsOf, loadPolicy, readSecret, type Settings } from '#platform';
import { STAND_IN_KEY, standInUrl } from '../datadog-reader.js';
import { CliError } from '../errors.js';

/** A destination as this machine's configuration has it. */
export interface ConfiguredDestination {
  destination: Destination;
  selection: EventSelection;
  rate?: Rate | undefined;
}

/**
 * The destination of this name, out of affidavit.yaml or, where that names none, of the environment. Where nothing at all is said of
 * Datadog, it is the stand-in on this machine.
 * @throws CLI_DESTINATION_UNKNOWN, CONFIG_POLICY_INVALID
 */
export function configuredDestination(name: string, settings: Settings): ConfiguredDestination {
  const { configFile, ddApiKey } = settings;
  const policy = existsSync(configFile) ? loadPolicy(configFile) : { destinations: [] };
  const all = destinationsOf(policy, settings);
  const found = all.find((one) => one.name === name);
  if (!found) {
    throw new CliError({
      code: 'CLI_DESTINATION_UNKNOWN',
      message: `the configuration of this machine has no destination ${JSON.stringify(name)}; it has: ${all.map((one) => one.name).join(', ')}`,
      remedy: 'Name one of those with --destination, or add it: its secrets must be here, where it is sent from.',
      retry: 'never',
    });
  }
  const isStandIn = policy.destinations.length === 0 && !ddApiKey;
  return {
    destination: isStandIn ? standIn(settings) : sendingOnly(found, settings),
    selection: found.filter,
    rate: found.rate,
  };
}

function standIn(settings: Settings): Destination {
  const url = `${standInUrl(settings)}/api/v2/logs`;
  return new DatadogDestination({ url, apiKey: STAND_IN_KEY, env: settings.ddEnv, allowPrivate: true });
}

/** Whoever sends for the API cannot read back: only the forwarders' own ledger can wait for a look. */
function sendingOnly(policy: DestinationPolicy, settings: Settings): Destination {
  const config = policy.kind === 'datadog' ? { ...policy, appKey: undefined } : policy;
  return makeDestination(config, { env: settings.ddEnv, secretOf: readSecret });
}
