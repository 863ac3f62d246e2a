import { resolve } from 'node:path';
import { apiUrlOf, describeSettings, loadSettings, SETTINGS } from './config.js';
import { ConfigError } from './errors.js';

function refusal(env: Record<string, string>): ConfigError {
  try {
    loadSettings(env);
  } catch (error) {
    if (error instanceof ConfigError) return error;
    throw error;
  }
  throw new Error('the settings were taken');
}

describe('settings', () => {
  it('an empty environment gives the documented defaults', () => {
    const settings = loadSettings({});
    expect(settings).toMatchObject({
      ddSite: 'datadoghq.com',
      host: '127.0.0.1',
      gatewayPort: 15_432,
      apiPort: 8470,
      configFile: resolve('affidavit.yaml'),
      dataDir: resolve('.affidavit'),
      spool: { segmentBytes: 16 * 1024 ** 2, keepMs: 86_400_000, keepBytes: 2 * 1024 ** 3 },
    });
    expect(settings.databaseUrl).toBeUndefined();
    expect(settings.spool.maxBytes).toBeUndefined();
  });

  it('an empty variable counts as unset', () => {
    expect(loadSettings({ DD_API_KEY: '', AFFIDAVIT_API_PORT: ' ' })).toMatchObject({ apiPort: 8470 });
  });

  it('sizes and durations are read with their units', () => {
    const { spool, stopTimeoutMs } = loadSettings({
      AFFIDAVIT_SPOOL_SEGMENT: '1MiB',
      AFFIDAVIT_SPOOL_KEEP: '90m',
      AFFIDAVIT_SPOOL_MAX: '1GiB',
      AFFIDAVIT_STOP_TIMEOUT: '1500ms',
    });
    expect(spool).toMatchObject({ segmentBytes: 1024 ** 2, keepMs: 5_400_000, maxBytes: 1024 ** 3 });
    expect(stopTimeoutMs).toBe(1500);
  });

  it.each([
    ['10.0.0.7', ['10.0.0.7']],
    ['10.0.0.0/8, 2001:db8::/32', ['10.0.0.0/8', '2001:db8::/32']],
  ])('proxies that are trusted are addresses or ranges: %s', (text, ranges) => {
    expect(loadSettings({ AFFIDAVIT_API_TRUSTED_PROXIES: text }).apiTrustedProxies).toEqual(ranges);
  });

  it.each(['true', 'loopback', '10.0.0.0/33', '0.0.0.0/0', '10.0.0.1/8/9', '10.0.0.1,'])('and not %s', (text) => {
    expect(() => loadSettings({ AFFIDAVIT_API_TRUSTED_PROXIES: text })).toThrow(/AFFIDAVIT_API_TRUSTED_PROXIES/);
  });

  it('a misspelt variable of ours stops the start and names the right one', () => {
    const error = refusal({ AFFIDAVIT_API_PROT: '1' });
    expect(error.code).toBe('CONFIG_INVALID');
    expect(error.message).toContain('did you mean AFFIDAVIT_API_PORT');
    expect(error.remedy).toContain('docs/reference/config.md');
  });

  it.each([
    ['AFFIDAVIT_API_PORT', '70000'],
    ['AFFIDAVIT_API_PORT', 'http'],
    ['AFFIDAVIT_SPOOL_KEEP', '3 days'],
    ['AFFIDAVIT_SPOOL_SEGMENT', '16 megs'],
    ['AFFIDAVIT_NODE', 'Gateway 1'],
    ['AFFIDAVIT_NODE', 'record'],
    ['DATABASE_URL', 'mysql://db'],
    ['REDIS_URL', 'localhost:6379'],
    ['DD_SITE', 'https://datadoghq.eu'],
    ['DD_LOGS_URL', 'ftp://intake'],
    ['AFFIDAVIT_LOG_LEVEL', 'loud'],
  ])('%s=%s is refused by name', (name, value) => {
    expect(refusal({ [name]: value }).message).toContain(name);
  });

  it.each([
    [{ AFFIDAVIT_API_PORT: '9000', AFFIDAVIT_GATEWAY_PORT: '9000' }, 'each needs a port of its own'],
    [{ DD_APP_KEY: 'app' }, 'without DD_API_KEY'],
    [{ DD_LOGS_URL: 'https://intake.example/api/v2/logs' }, 'without DD_API_KEY'],
    [{ AFFIDAVIT_SPOOL_MAX: '16MiB' }, 'at least two segments'],
  ])('the combination %j is refused', (env, reason) => {
    expect(refusal(env as unknown as Record<string, string>).message).toContain(reason);
  });

  it('a wrong secret is named, never shown', () => {
    const { message } = refusal({ DATABASE_URL: 'mysql://root:hunter2@db' });
    expect(message).toContain('DATABASE_URL');
    expect(message).not.toContain('hunter2');
  });

  it('the masked view works while the settings are invalid, and shows no secret', () => {
    const shown = describeSettings({
      DATABASE_URL: 'postgres://u:hunter2@db',
      DD_API_KEY: 'sekrit',
      AFFIDAVIT_API_PORT: 'x',
      AFFIDAVIT_TOKENN: 'hunter2',
    });
    expect(JSON.stringify(shown)).not.toMatch(/hunter2|sekrit/);
    expect(shown.find((one) => one.env === 'DD_API_KEY')).toMatchObject({ value: '(set)', from: 'environment' });
    expect(shown.find((one) => one.env === 'AFFIDAVIT_API_PORT')?.problem).toContain('must be a port');
    expect(shown.find((one) => one.env === 'AFFIDAVIT_TOKENN')?.problem).toContain('is not a setting');
    expect(shown.find((one) => one.env === 'AFFIDAVIT_HOST')).toMatchObject({ value: '127.0.0.1', from: 'default' });
  });

  it('no secret has a default, and each setting says why it is there', () => {
    for (const setting of SETTINGS) {
      expect(setting.reason.length).toBeGreaterThan(10);
      if (setting.secret) expect(setting.defaultText).toBeUndefined();
    }
    expect(new Set(SETTINGS.map((setting) => setting.env)).size).toBe(SETTINGS.length);
  });

  it('the API is reached on this machine where it listens on every address', () => {
    expect(apiUrlOf(loadSettings({ AFFIDAVIT_HOST: '0.0.0.0' }))).toBe('http://127.0.0.1:8470');
    expect(apiUrlOf(loadSettings({ AFFIDAVIT_API_URL: 'https://audit.example/' }))).toBe('https://audit.example');
  });
});
