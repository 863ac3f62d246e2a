import { existsSync } from 'node:fs';
import chromium from '@sparticuz/chromium';
import puppeteer, { type Browser } from 'puppeteer-core';

/** Where people and distributions put a Chromium. */
const INSTALLED = [
  ...['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome', '/usr/bin/google-chrome-stable'],
  ...[
    '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
    '/Applications/Chromium.app/Contents/MacOS/Chromium',
  ],
];

/**
 * A real browser without a window: one that is installed, or, on Linux, the one that comes as a package.
 * @returns undefined where there is none
 */
export async function startBrowser(): Promise<Browser | undefined> {
  const installed = [process.env.TEST_CHROME ?? '', ...INSTALLED].find((path) => existsSync(path));
  if (installed) {
    return puppeteer.launch({
      executablePath: installed,
      args: ['--no-sandbox', '--disable-dev-shm-usage'],
      headless: true,
    });
  }
  if (process.platform !== 'linux' || process.arch !== 'x64') return undefined;
  return puppeteer.launch({ executablePath: await chromium.executablePath(), args: chromium.args, headless: 'shell' });
}
