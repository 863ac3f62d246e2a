import { execFileSync } from 'node:child_process';
import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { testFolder } from '../../../test/support/servers.js';
import { ConfigError } from './errors.js';
import { readSecret, type SecretSource } from './secret.js';

function refusal(source: SecretSource, env: Record<string, string> = {}): ConfigError {
  try {
    readSecret(source, env);
  } catch (error) {
    if (error instanceof ConfigError) return error;
    throw error;
  }
  throw new Error('the secret was taken');
}

describe('a secret', () => {
  const folder = testFolder();
  afterAll(() => folder.remove());
  const at = (name: string) => join(folder.path, name);

  it('comes from the variable or the file that is named, without white space around it', () => {
    writeFileSync(at('pw'), ' from a file\r\n\n');
    expect(readSecret({ file: at('pw') })).toBe('from a file');
    expect(readSecret({ env: 'PW' }, { PW: 'from env\n' })).toBe('from env');
  });

  it('that was replaced is read as it is now', () => {
    writeFileSync(at('key'), 'old');
    expect(readSecret({ file: at('key') })).toBe('old');
    writeFileSync(at('key.new'), 'new');
    renameSync(at('key.new'), at('key'));
    expect(readSecret({ file: at('key') })).toBe('new');
  });

  it.each([
    ['an unset variable', { env: 'PW' }, 'the environment variable PW'],
    ['a file that is not there', { file: at('none') }, at('none')],
    ['a file of white space', { file: at('blank') }, at('blank')],
  ])('%s is missing, and its source is named', (_, source, where) => {
    writeFileSync(at('blank'), '\n \n');
    const error = refusal(source);
    expect(error).toMatchObject({
      code: 'CONFIG_SECRET_MISSING',
      message: `${where.startsWith('/') ? 'the file ' : ''}${where} is empty or not there`,
    });
  });

  it('on several lines, without end or of another kind of file cannot be used; its value is never said', () => {
    writeFileSync(at('lines'), 'hunter2\nhunter3');
    writeFileSync(at('long'), 'hunter2'.repeat(4_000));
    mkdirSync(at('folder'));
    execFileSync('mkfifo', [at('pipe')]);
    for (const [name, problem] of [
      ['lines', 'control character'],
      ['long', 'longer than'],
      ['folder', 'regular file'],
      ['pipe', 'regular file'],
    ] as const) {
      const error = refusal({ file: at(name) });
      expect(error).toMatchObject({ code: 'CONFIG_SECRET_UNUSABLE', message: expect.stringContaining(problem) });
      expect(error.message).toContain(at(name));
      expect(JSON.stringify([error.message, error.remedy, String(error.cause)])).not.toContain('hunter');
    }
    expect(refusal({ file: '/dev/zero' })).toMatchObject({ code: 'CONFIG_SECRET_UNUSABLE' });
    expect(refusal({ env: 'LONG' }, { LONG: 'hunter2'.repeat(4_000) }).message).not.toContain('hunter');
  });
});
