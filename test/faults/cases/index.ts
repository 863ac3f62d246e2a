import type { FaultCase } from '../case.js';
import { AWAY_CASES } from './away.js';
import { BACKFILL_CASES } from './backfill.js';
import { DATADOG_CASES } from './datadog.js';
import { DELIVERY_ACT_CASES } from './delivery-acts.js';
import { EXPORT_CASES } from './exports.js';
import { DISK_CASES } from './host-disk.js';
import { MACHINE_CASES } from './host-machine.js';
import { INPUT_CASES } from './input.js';
import { KILL_CASES } from './kill.js';
import { POSTGRES_CASES } from './postgres.js';
import { READ_BACK_CASES } from './read-back.js';
import { READING_CASES } from './reading.js';
import { REDIS_CASES } from './redis.js';
import { RETENTION_CASES } from './retention.js';

export const CASES: readonly FaultCase[] = [
  ...AWAY_CASES,
  ...BACKFILL_CASES,
  ...DATADOG_CASES,
  ...DELIVERY_ACT_CASES,
  ...DISK_CASES,
  ...EXPORT_CASES,
  ...MACHINE_CASES,
  ...INPUT_CASES,
  ...KILL_CASES,
  ...POSTGRES_CASES,
  ...READ_BACK_CASES,
  ...READING_CASES,
  ...REDIS_CASES,
  ...RETENTION_CASES,
];
