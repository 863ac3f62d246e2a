import 'reflect-metadata';
import { parseArgs } from 'node:util';
import { NestFactory } from '@nestjs/core';
import { runApp, softwareVersion } from '#platform';
import { GatewayModule } from './gateway.module.js';

/** `node main.js [--enroll <token>] [--adopt]`; the token may also stand in AFFIDAVIT_ENROLL_TOKEN. */
const { values } = parseArgs({ options: { enroll: { type: 'string' }, adopt: { type: 'boolean', default: false } } });

await runApp('gateway', async (app) => {
  if (values.enroll) app.settings = { ...app.settings, enrollToken: values.enroll };
  const start = { adopt: values.adopt, version: softwareVersion() };
  const context = await NestFactory.createApplicationContext(GatewayModule.forApp(app, start), {
    // An error goes to whoever started the process, with its remedy, and into our log: once.
    logger: false,
    abortOnError: false,
  });
  app.onClose('application context', () => context.close());
});
