import { parentPort } from 'node:worker_threads';
import { isLate, renderLog } from './log.js';
import { eventsOf, type MappingJob } from './mapping-job.js';
import { RequestBodyWriter } from './request-body.js';

// What runs in the thread of mapping-thread.ts. Imports little on purpose: what is loaded here is in memory a second time.

/** Answer to a job. */
export interface MappedJob {
  /** Of the job. */
  id: number;
  gzipped: Uint8Array<ArrayBuffer>;
  /** Uncompressed. */
  bytes: number;
  /** Of the events, those without a date of their own. */
  late: number;
  /** What the bodies were in, to be used again. */
  memory: ArrayBuffer;
}

const writer = new RequestBodyWriter();

parentPort?.on('message', ({ id, context, ...job }: MappingJob) => {
  let late = 0;
  for (const event of eventsOf(job)) {
    if (isLate(event, context.nowMs)) late++;
    writer.add(renderLog(event, context));
  }
  const { gzipped, bytes } = writer.take();
  const { buffer: memory } = job.bodies;
  // A copy of its own: memory changes hands as a whole, and zlib's is larger.
  const mapped: MappedJob = { id, gzipped: new Uint8Array(gzipped), bytes, late, memory };
  parentPort?.postMessage(mapped, [mapped.gzipped.buffer, memory]);
});
