import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type DatadogConfig, makeDestination, type WebhookConfig } from './make-destination.js';

/** Secrets by name, and how each was asked for. */
class Secrets {
  readonly asked: unknown[][] = [];
  constructor(readonly values: Record<string, string>) {}
  readonly of = (...asked: [string]): string => {
    this.asked.push(asked);
    return this.values[asked[0]] ?? '';
  };
}

describe('a destination as the configuration has it', () => {
  const got: IncomingHttpHeaders[] = [];
  let server: Server;
  let url: string;

  beforeAll(async () => {
    server = createServer((request, response) => {
      got.push(request.headers);
      request.resume().on('end', () => response.writeHead(202).end('{}'));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  });
  beforeEach(() => void got.splice(0));
  afterAll(() => new Promise((resolve) => server.close(resolve)));

  const datadog = (changes: Partial<DatadogConfig<string>> = {}): DatadogConfig<string> => ({
    ...{ kind: 'datadog', name: 'dd', site: 'datadoghq.example', url, apiUrl: undefined },
    ...{ apiKey: 'api', appKey: undefined, allowPrivate: true, apiAllowPrivate: false },
    ...changes,
  });

  it('asks for the key before each request', async () => {
    const secrets = new Secrets({ api: 'first' });
    const made = makeDestination(datadog(), { env: 'test', secretOf: secrets.of });
    await made.check(AbortSignal.timeout(5_000));
    secrets.values.api = 'second';
    await made.check(AbortSignal.timeout(5_000));
    await made.close();
    expect(got.map((headers) => headers['dd-api-key'])).toEqual(['first', 'second']);
  });

  it('reads back only with an application key', async () => {
    const surroundings = { env: 'test', secretOf: new Secrets({}).of };
    const withKey = makeDestination(datadog({ appKey: 'app' }), surroundings);
    const without = makeDestination(datadog(), surroundings);
    expect(withKey.readBack).toBeDefined();
    expect(without.readBack).toBeUndefined();
    await Promise.all([withKey.close(), without.close()]);
  });

  it('keeps the bound of where it may connect to', async () => {
    const made = makeDestination(datadog({ allowPrivate: false }), { env: 'test', secretOf: new Secrets({}).of });
    expect(await made.check(AbortSignal.timeout(5_000))).toMatchObject({ kind: 'refused' });
    expect(got).toEqual([]);
    await made.close();
  });

  it('signs a webhook with each of its secrets, asked for by its source and nothing else', async () => {
    const secretOf = (letter: string) => `whsec_${Buffer.alloc(32, letter).toString('base64')}`;
    const secrets = new Secrets({ newer: secretOf('n'), older: secretOf('o') });
    const config: WebhookConfig<string> = {
      ...{ kind: 'webhook', name: 'siem', url, secrets: ['newer', 'older'], batch: 'many', maxEvents: 10 },
      ...{ timeoutMs: 5_000, allowPrivate: true, ca: undefined },
    };
    const made = makeDestination(config, { env: 'test', secretOf: secrets.of });
    expect(await made.check(AbortSignal.timeout(5_000))).toMatchObject({ kind: 'accepted' });
    await made.close();
    expect(String(got[0]?.['webhook-signature']).split(' ')).toHaveLength(2);
    expect(secrets.asked).toEqual([['newer'], ['older']]);
  });
});
