import { Command } from 'commander';
import type { ReceiptBatchView, ReceiptView } from '../api-types.js';
import { colours, type OutputOptions, plain, present } from '../output.js';

interface ReceiptOptions extends OutputOptions {
  observe?: boolean;
}

/** One log as Datadog shows it now. */
interface SeenNow {
  logId: string;
  timestamp: string;
  batch: string;
  attempt: string;
}

export function receiptCommand(): Command {
  return new Command('receipt')
    .description(
      'The way of one event: durable, recorded, sent, accepted, observed. A state is said only where it is known.',
    )
    .argument('<event id>', '<epoch>.<seq>, as in evt.id at Datadog and in `affidavit events tail --json`')
    .option('--observe', 'also look at Datadog now (one search; needs DD_APP_KEY)')
    .option('--json', 'machine-readable output')
    .action(async (id: string, { observe, json }: ReceiptOptions) => {
      const [{ loadSettings }, { ApiClient }] = await Promise.all([import('#platform'), import('../api-client.js')]);
      const settings = loadSettings();
      const receipt = await ApiClient.of(settings).read('/v1/receipts/{eventId}', { path: { eventId: id } });
      const seal = await sealOf(receipt);
      if (!observe) return present({ json }, receipt, (one) => timeline(one, seal));
      const now = await lookNow(settings, receipt);
      return present({ json }, { ...receipt, now }, (one) => timeline(one, seal, one.now));
    });
}

/** What the proof comes to, worked out here: nothing of it is taken on the server's word but the key, which is for `affidavit log checkpoint`. */
async function sealOf({ proof, recorded }: ReceiptView): Promise<string> {
  if (!proof) return 'no checkpoint is over it yet';
  const { fromBase64, leafHash, parseCheckpoint, parseNote, rootFromInclusion, toHex } = await import('#ledger');
  const { origin, size, root } = parseCheckpoint(parseNote(proof.checkpoint).text);
  const path = proof.path.map(fromBase64);
  const leaf = fromBase64(proof.leaf);
  const leads =
    leaf && path.every((hash) => hash !== undefined)
      ? rootFromInclusion(leafHash(leaf), Number(recorded.position), size, path)
      : undefined;
  const isProven = leads !== undefined && toHex(leads) === toHex(root);
  const over = `the checkpoint of ${plain(origin)} over the first ${size} events`;
  return isProven ? `part of ${over}; its proof holds` : colours.red(`its proof does NOT lead to ${over}`);
}

async function lookNow(settings: import('#platform').Settings, receipt: ReceiptView): Promise<SeenNow[]> {
  const [{ attribute, datadogAccess, searchLogs }, { CliError }] = await Promise.all([
    import('../datadog-reader.js'),
    import('../errors.js'),
  ]);
  const access = datadogAccess(settings);
  if (!access) {
    throw new CliError({
      code: 'CLI_NO_APP_KEY',
      message: 'looking at Datadog needs an application key',
      remedy: 'Set DD_APP_KEY beside DD_API_KEY, or leave --observe out.',
      retry: 'never',
    });
  }
  // It shows at its own time, or at that of its receipt.
  const from = new Date(Date.parse(receipt.recorded.at) - 19 * 3_600_000).toISOString();
  const logs = await searchLogs(access, `@evt.id:"${receipt.event}"`, { from, limit: 100 });
  return logs.map((log) => ({
    logId: log.id,
    timestamp: log.timestamp,
    batch: String(attribute(log, 'delivery.batch') ?? ''),
    attempt: String(attribute(log, 'delivery.attempt') ?? ''),
  }));
}

type Row = [at: string | null, what: string];

function timeline(receipt: ReceiptView, seal: string, now?: SeenNow[]): string {
  const { event, node, recorded, type, occurredAt } = receipt;
  const lines = [
    `${colours.bold(event)}  ${plain(type ?? 'removed from the record by retention')}, of ${plain(node)}`,
    ...rows([
      [occurredAt, "it happened, by its producer's clock; from then on it was durable on the producer's disk"],
      [recorded.at, `recorded at position ${recorded.position}`],
    ]),
    seal,
  ];
  for (const destination of receipt.destinations) {
    lines.push('', `${colours.bold(destination.destination)}  ${sentenceOf(destination.state)}`);
    const steps = destination.batches.flatMap(stepsOf);
    for (const log of destination.logs) {
      steps.push([
        log.observedAt,
        `seen there as log ${plain(log.logId)} (batch ${log.batch}, attempt ${log.attempt})`,
      ]);
    }
    const { deadLetter } = destination;
    if (deadLetter) steps.push([deadLetter.at, `a dead letter (${deadLetter.state}): ${plain(deadLetter.reason)}`]);
    lines.push(...rows(steps.sort(([a], [b]) => (a ?? '').localeCompare(b ?? ''))));
  }
  if (now) {
    lines.push(
      '',
      `${colours.bold('now')}  ${now.length === 0 ? 'Datadog shows no log of it to this key' : ''}`.trimEnd(),
    );
    lines.push(
      ...rows(
        now.map((log) => [
          log.timestamp,
          `log ${plain(log.logId)} (batch ${plain(log.batch)}, attempt ${plain(log.attempt)})`,
        ]),
      ),
    );
  }
  return lines.join('\n');
}

const SENTENCES: Record<string, string> = {
  unwanted: 'its filter leaves this event out',
  uncut: 'in no batch (yet)',
  cancelled: 'its batch was cancelled with the plan it was part of',
  waiting: 'waits to be sent',
  sending: 'is being sent',
  doubt: 'was sent, and the answer was lost: it is being looked for',
  dead: 'refused for good',
  accepted: 'accepted, not observed',
  observed: 'observed',
};

function sentenceOf(state: string): string {
  return SENTENCES[state] ?? plain(state);
}

function stepsOf(batch: ReceiptBatchView): Row[] {
  const why = batch.isResend
    ? `sent again for batch ${batch.parent}`
    : batch.parent === null
      ? ''
      : `part of batch ${batch.parent}`;
  const notes = [batch.lane, batch.plan, why].filter((note) => note !== null && note !== '').join(', ');
  const steps: Row[] = [[batch.cutAt, `in batch ${batch.batch} of ${batch.count} events (${notes})`]];
  for (const one of batch.attempts) {
    const answer =
      one.kind === 'accepted'
        ? `accepted${one.status ? ` (${one.status})` : ''}`
        : `${one.kind}: ${one.reason ?? one.status ?? ''}`;
    const took = one.elapsedMs === undefined ? '' : ` after ${one.elapsedMs} ms`;
    steps.push([one.at, `attempt ${one.attempt} of batch ${batch.batch}: ${plain(answer)}${took}`]);
  }
  if (batch.observedAt) steps.push([batch.observedAt, `all of batch ${batch.batch} is seen there`]);
  else if (batch.lookedAt)
    steps.push([
      batch.lookedAt,
      `looked for: ${batch.seen ?? 0} of the ${batch.count} events of batch ${batch.batch} are seen`,
    ]);
  return steps;
}

function rows(all: Row[]): string[] {
  return all.map(([at, what]) => `  ${colours.dim((at ?? 'not known').slice(0, 23).padEnd(23))}  ${what}`);
}
