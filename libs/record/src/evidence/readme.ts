import type { Manifest } from '#ledger';
import type { Export } from '../exports/export.js';

/** What is said of a bundle to the person who gets it. */
export interface BundleFacts {
  log: string;
  generation: number;
  size: bigint;
  /** Hexadecimal. */
  root: string;
  counts: Manifest['counts'];
  times: { from: string; to: string };
}

/** The page for the auditor, in plain words. */
export function readmeOf(one: Export, { log, generation, size, root, counts, times }: BundleFacts): string {
  const selection = Object.keys(one.selection).length === 0 ? 'everything' : JSON.stringify(one.selection);
  return `EVIDENCE OF WHAT WAS DONE, AND THAT THIS IS ALL OF IT

This archive holds ${counts.events} events of the log ${log} (generation ${generation}), positions ${one.from} to ${one.to - 1n}, recorded from
${times.from} to ${times.to}. Asked for: ${selection}.

HOW TO CHECK IT
You need neither the company that gave you this, nor the makers of the software, nor a network.
  1. Open report.html in a browser and drop this archive on it; or run: affidavit verify <this file>
  2. Both tell the same: whether anything was changed, whether anything is missing, and what is proven. Better than the page in this archive
     is one that you got from elsewhere: whoever could forge the one could forge the other.
  3. Compare the fingerprint of the log's key with one that you have from elsewhere (--key), and the checkpoint below with a copy that
     somebody else kept, such as the events checkpoint.signed at Datadog (--checkpoint). Without that you know that this archive agrees with itself.

  Checkpoint: the first ${size} events have the root ${root}

WHAT IS IN IT
  events.ndjson       the events as they were recorded, byte for byte, one a line
  sessions.csv, .json the sessions that they amount to: who, on which connection, how many commands, approved or not, how it ended
  runs.ndjson         what the gateways signed, and what is kept of every event for ever
  tiles.ndjson        the hashes that lead from each event to the checkpoint
  checkpoints.ndjson  the log's signed states, each with the proof that it continues the one before
  keys.json           the public keys
  supporting.ndjson   events that explain what is missing or changed: purges by retention, holes with a name, restores, new keys, holds
  quarantined.ndjson  what was recorded and could not be read as an event
  receipts.ndjson     what other systems were told, as the record states it
  holds.json, retention.json  legal holds on it, and how long events are kept, as the record states it
  manifest.json       what all of it should be; seal.json: that the log swears to the manifest

WHAT IT CANNOT SHOW
  What went around the gateway; what a command did inside its target; whether a clock was right. Holds, retention and receipts are what the
  record stated when this was made: the log swears to these bytes, not to their truth.
The format is described so that anybody can write another verifier: docs/evidence-format.md of the software.
`;
}
