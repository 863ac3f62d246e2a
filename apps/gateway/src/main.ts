import 'reflect-metadata';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { NestFactory } from '@nestjs/core';
import { runApp } from '#platform';
import { GatewayModule } from './gateway.module.js';

/** `node main.js [--enroll <token>] [--adopt]`; the token may also stand in AFFIDAVIT_ENROLL_TOKEN. */
const { values } = parseArgs({ options: { enroll: { type: 'string' }, adopt: { type: 'boolean', default: false } } });

/** The version in the package.json above this file, wherever it was built to. */
function version(): string {
  for (let folder = dirname(fileURLToPath(import.meta.url)); folder !== dirname(folder); folder = dirname(folder)) {
    try {
      return (JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { version: string }).version;
    } catch {
      // Not here; further up.
    }
  }
  return 'unknown';
}

await runApp('gateway', async (app) => {
  if (values.enroll) app.settings = { ...app.settings, enrollToken: values.enroll };
  const start = { adopt: values.adopt, version: version() };
  const context = await NestFactory.createApplicationContext(GatewayModule.forApp(app, start), {
    // An error goes to whoever started the process, with its remedy, and into our log: once.
    logger: false,
    abortOnError: false,
  });
  app.onClose('application context', () => context.close());
});
