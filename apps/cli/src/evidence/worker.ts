import { parentPort } from 'node:worker_threads';
import { doJob, type Job } from '#ledger';
import type { Sent } from './worker-pool.js';

// A thread of the verifier: does one job after the other.

// The same object for all jobs, so that keys are taken apart once.
let keys: Job['keys'] | undefined;

parentPort!.on('message', (sent: Sent) => {
  keys = sent.keys ?? keys;
  parentPort!.postMessage(doJob({ ...sent, keys: keys! }));
});
