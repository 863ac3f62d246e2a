import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort } from '#platform';
import { testFolder, until } from '../../../../test/support/servers.js';
import { Child } from './child.js';

/** Real processes of a few lines. */
describe('a process of the stack', () => {
  const folder = testFolder();
  const said: string[] = [];
  afterAll(() => folder.remove());
  beforeEach(() => said.splice(0));

  async function child(name: string, source: string, env: Record<string, string> = {}): Promise<Child> {
    const port = await freePort('127.0.0.1');
    const program = join(folder.path, `${name}.mjs`);
    writeFileSync(program, source);
    return new Child(
      {
        name,
        args: [program],
        env: { PORT: String(port), ...env },
        logFile: join(folder.path, `${name}.log`),
        readyUrl: `http://127.0.0.1:${port}/readyz`,
      },
      (text) => said.push(text),
    );
  }

  const SERVER = `
    import { createServer } from 'node:http';
    process.on('SIGTERM', () => { console.log('closed in order'); process.exit(0); });
    createServer((_, response) => response.end('{}')).listen(Number(process.env.PORT), '127.0.0.1');`;

  it('is ready, is started again when it dies, and closes in order', async () => {
    const made = await child('server', SERVER);
    await made.start();
    const first = made.pid ?? 0;
    process.kill(first, 'SIGKILL');
    await until('the next run', () => made.pid !== undefined && made.pid !== first);
    expect(said[0]).toContain('server ended (SIGKILL)');
    await made.stop();
    await made.stop();
  });

  it('that cannot start says why: what it reported, or the end of its log', async () => {
    const reporting = await child(
      'reporting',
      `process.send({ failed: 'CONFIG_INVALID: no\\n  → set it' }, () => process.exit(1));`,
    );
    await expect(reporting.start()).rejects.toMatchObject({
      code: 'CLI_PROCESS_FAILED',
      message: expect.stringContaining('reporting did not start: CONFIG_INVALID'),
    });
    const dying = await child('dying', `console.error('the reason'); process.exit(3);`);
    await expect(dying.start()).rejects.toMatchObject({
      message: expect.stringContaining('ended with 3'),
      remedy: expect.stringContaining('the reason'),
    });
  });

  it('gets a variable only as long as it is not forgotten', async () => {
    const made = await child('token', `console.log('token', process.env.TOKEN);${SERVER}`, { TOKEN: 'once' });
    await made.start();
    made.forget('TOKEN');
    await made.restart();
    await until('both lines', () => readFileSync(join(folder.path, 'token.log'), 'utf8').includes('token undefined'));
    expect(readFileSync(join(folder.path, 'token.log'), 'utf8')).toContain('token once');
    await made.stop();
  });
});
