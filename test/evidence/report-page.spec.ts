import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Browser, Page } from 'puppeteer-core';
import { type EvidenceReport, verifyBundle } from '#ledger';
import { startBrowser } from '../support/browser.js';
import { sourceOf } from '../support/evidence-maker.js';
import { testFolder } from '../support/servers.js';
import { type Brought, HARMLESS, type Honest, honestBundles, MUTATIONS } from './mutations.js';

const PAGE = join(import.meta.dirname, '../../dist/apps/report/report.html');
const browser: Browser | undefined = await startBrowser();
if (!browser) {
  process.stderr.write('The report page was not tried: no Chromium here. Install one, or name it with TEST_CHROME.\n');
}

/** The built page, opened from disk in a real browser; what is observed is what it shows, and every request that it makes. */
(browser ? describe : describe.skip)('the report page in a browser', () => {
  const folder = testFolder();
  const file = join(folder.path, 'bundle.zip');
  const requests: string[] = [];
  let honest: Honest;
  let page: Page;

  beforeAll(async () => {
    honest = await honestBundles();
    page = await browser!.newPage();
    page.on('request', (request) => requests.push(request.url()));
    await page.goto(pathToFileURL(PAGE).href);
  }, 60_000);
  afterAll(async () => {
    await browser?.close();
    folder.remove();
  });

  async function shown(bytes: Uint8Array, { keys = [], checkpoints = [] }: Brought = {}): Promise<EvidenceReport> {
    writeFileSync(file, bytes);
    await page.evaluate(
      (typedKeys, notes) => {
        const { document } = globalThis as unknown as {
          document: { getElementById(id: string): { value: string; dataset: { report?: string } } };
        };
        document.getElementById('keys').value = typedKeys;
        document.getElementById('checkpoints').value = notes;
        delete document.getElementById('result').dataset.report;
        document.getElementById('bundle').value = '';
      },
      keys.join('\n'),
      checkpoints.join('\n'),
    );
    const input = (await page.$('#bundle')) as unknown as { uploadFile(path: string): Promise<void> };
    await input.uploadFile(file);
    const report = await page.waitForSelector('#result[data-report]', { timeout: 20_000 });
    return JSON.parse((await report!.evaluate((result) => result.getAttribute('data-report')))!) as EvidenceReport;
  }

  /** Words of the engine that unpacks differ; all else must not. */
  function comparable(report: EvidenceReport): object {
    return JSON.parse(
      JSON.stringify({
        ...report,
        problems: report.problems.map(({ code, message, where }) => ({
          code,
          where,
          message: code === 'zip-data' ? '' : message,
        })),
      }),
    );
  }

  it.each(HARMLESS)('finds it valid: $name', async ({ make }) => {
    const bytes = await make(honest);
    expect(comparable(await shown(bytes))).toEqual(comparable(await verifyBundle(sourceOf(bytes))));
    expect(await page.$eval('.verdict', (verdict) => verdict.textContent)).toBe(
      '✓ Valid: bundle.zip holds what was recorded',
    );
  });

  it.each(MUTATIONS.filter((mutation) => mutation.code !== 'key' || !mutation.brings))(
    'says of $name what the command line says',
    async ({ make, brings }) => {
      const [bytes, brought] = [await make(honest), brings?.(honest)];
      const report = await verifyBundle(sourceOf(bytes), brought);
      expect(comparable(await shown(bytes, brought))).toEqual(comparable(report));
      expect(await page.$eval('.verdict', (verdict) => verdict.className)).toBe('verdict invalid');
    },
  );

  it('compares checkpoints that are pasted into it, several at once', async () => {
    const report = await shown(await honest.whole.zip(), { checkpoints: honest.notes });
    expect(report.problems).toEqual([]);
    expect(report.proven.join(' ')).toContain(`${honest.notes.length - 1} checkpoints that you hold agree`);
  });

  it('says that a key is none, before it checks anything', async () => {
    await page.$eval('#keys', (area) => {
      (area as unknown as { value: string }).value = 'secret';
    });
    await page.click('summary');
    await page.click('#again');
    expect(await page.$eval('#result', (result) => result.textContent)).toBe('secret is no key.');
  });

  it('shows what a bundle holds as text', async () => {
    const evil = '<img src=x onerror="document.title=1">\u202e';
    const bundle = await honest.whole.with({}, 'sealed', (own) => ({
      ...own,
      findings: [{ code: 'x', message: evil }],
    }));
    await shown(await bundle.zip());
    expect(await page.$eval('#result', (result) => result.textContent)).toContain(
      '<img src=x onerror="document.title=1">\\u202e',
    );
    expect(await page.$$('img')).toEqual([]);
  });

  it('reaches no network, and could not', async () => {
    expect(requests.filter((url) => !url.startsWith('file:'))).toEqual([]);
    expect(requests).toHaveLength(1);
    const refused = await page.evaluate(() =>
      fetch('https://example.com/').then(
        () => 'reached',
        () => 'refused',
      ),
    );
    expect(refused).toBe('refused');
    expect(readFileSync(PAGE, 'utf8')).toContain("default-src 'none'; script-src 'sha256-");
  });
});
