import { PlatformError } from './errors.js';
import { Hindrance } from './health.js';
import { untilDone } from './start-up.js';

const SILENT = { warn: () => undefined };

function refused(retry: 'later' | 'never'): PlatformError {
  return new PlatformError({ code: 'PLATFORM_LISTEN', message: 'no', remedy: 'Do something.', retry });
}

describe('an act of the start', () => {
  it('is repeated until it succeeds; meanwhile its hindrance is told with since when and what to do', async () => {
    let now = 1000;
    const hindrance = new Hindrance(() => now);
    const seen: unknown[] = [];
    let tries = 0;
    const act = async () => {
      seen.push(hindrance.trouble);
      now += 500;
      if (tries++ < 2) throw tries === 1 ? new Error('no connection') : refused('later');
      return 'done';
    };
    await expect(untilDone(SILENT, hindrance, 'not yet', act)).resolves.toBe('done');
    expect(seen).toEqual([
      undefined,
      { reason: 'no connection', remedy: 'See the log of this process.', sinceMs: 1500 },
      // The reason is the last one, the time that of the first.
      { reason: 'PLATFORM_LISTEN: no', remedy: 'Do something.', sinceMs: 1500 },
    ]);
    expect(hindrance.trouble).toBeUndefined();
  });

  it('is given up where waiting cannot mend it', async () => {
    const act = () => Promise.reject(refused('never'));
    await expect(untilDone(SILENT, new Hindrance(), 'not yet', act)).rejects.toMatchObject({ retry: 'never' });
  });
});
