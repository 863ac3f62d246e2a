#!/usr/bin/env node
import { existsSync } from 'node:fs';

const main = new URL('../dist/bin/cli.js', import.meta.url);
if (!existsSync(main)) await import('../scripts/build.mjs');
await import(main.href);
