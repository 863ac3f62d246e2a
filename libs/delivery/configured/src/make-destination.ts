import { readFileSync } from 'node:fs';
import { apiUrlOfSite, DatadogDestination, intakeUrl } from '../../datadog/src/index.js';
import type { Destination } from '../../src/destination.js';
import { WebhookDestination, type WebhookOptions } from '../../webhook/src/index.js';

/** A destination as a configuration names it. `Source` says where a secret is found. */
export type DestinationConfig<Source> = DatadogConfig<Source> | WebhookConfig<Source>;

export interface DatadogConfig<Source> {
  kind: 'datadog';
  name: string;
  site: string;
  /** Whole URL of the intake; undefined: that of `site`. */
  url: string | undefined;
  apiKey: Source;
  /** Undefined: nothing is read back. */
  appKey: Source | undefined;
  /** Base URL of the API; undefined: that of `site`. */
  apiUrl: string | undefined;
  /** Whether `url` may lead to an address that is not public. */
  allowPrivate: boolean;
  /** The same of `apiUrl`. */
  apiAllowPrivate: boolean;
}

export interface WebhookConfig<Source> extends Omit<WebhookOptions, 'secrets' | 'ca' | 'resolve'> {
  kind: 'webhook';
  /** The newest first. */
  secrets: readonly Source[];
  /** PEM file. */
  ca: string | undefined;
}

/** What a destination gets beside its own entry of the configuration. */
export interface DestinationSurroundings<Source> {
  /** Value of Datadog's tag `env`. */
  env: string;
  /** Asked before each request, so that a secret may be replaced without a restart. */
  secretOf: (source: Source) => string;
}

/**
 * The object that sends to a configured destination.
 * @throws what the system says of a certificate's file that cannot be read
 */
export function makeDestination<Source>(
  config: DestinationConfig<Source>,
  { env, secretOf }: DestinationSurroundings<Source>,
): Destination {
  if (config.kind === 'datadog') {
    const { name, site, url, apiUrl, apiKey, appKey, allowPrivate, apiAllowPrivate } = config;
    return new DatadogDestination({
      ...{ name, env, allowPrivate, apiAllowPrivate },
      url: url ?? intakeUrl(site),
      apiUrl: apiUrl ?? apiUrlOfSite(site),
      apiKey: () => secretOf(apiKey),
      ...(appKey === undefined ? {} : { appKey: () => secretOf(appKey) }),
    });
  }
  const { name, url, secrets, batch, maxEvents, timeoutMs, allowPrivate, ca } = config;
  return new WebhookDestination({
    ...{ name, url, batch, maxEvents, timeoutMs, allowPrivate },
    secrets: () => secrets.map((source) => secretOf(source)),
    ca: ca === undefined ? undefined : readFileSync(ca, 'utf8'),
  });
}
