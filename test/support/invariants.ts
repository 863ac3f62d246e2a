import { decodeLeaves, eventHash, GENESIS_CHAIN, leafHash, nextChain, splitLeaves, TreeEdge, toHex } from '#ledger';
import { referenceRoot } from '../reference/merkle.js';
import type { RecordQuery, Stack } from './stack.js';

interface Row {
  position: string | number;
  node: string;
  epoch: string;
  seq: string | number;
  type: string;
  body: Buffer;
  /** Of an event that a purge took: only its leaf data is left. */
  hash?: Buffer;
}

/** What the record holds, judged from outside: by SQL and by hashing the bytes again. */
export interface Judgement {
  events: number;
  epochs: number;
  /** Sentences that name what is wrong; empty when nothing is. */
  faults: string[];
}

/**
 * Positions are gapless and match the head; each epoch's numbers are gapless from 1 and in order of position, and its
 * chain, computed anew from the stored bytes, ends at its mark; nothing is quarantined, foreign or lost. What retention purged is
 * there with its leaf data, and a purge accounts for it.
 * @param delivered what Datadog holds; read here where it is not given, and always before the record: it was recorded before
 */
export async function judgeRecord(stack: Stack, delivered?: Record<string, unknown>[]): Promise<Judgement> {
  const logs = delivered ?? (stack.has('datadog') ? await stack.delivered() : []);
  return stack.atOnce((query) => judge(query, logs));
}

async function judge(query: RecordQuery, delivered: Record<string, unknown>[]): Promise<Judgement> {
  const faults: string[] = [];
  const stored = await query<Row>('SELECT position, node, epoch, seq, type, body FROM event ORDER BY position');
  const rows = [...stored, ...(await purgedRows(query))].sort((a, b) => Number(a.position) - Number(b.position));
  const [head] = await query<{ size: string }>('SELECT size FROM log_head');
  if (Number(head?.size) !== rows.length) faults.push(`the head says ${head?.size} events, there are ${rows.length}`);
  rows.forEach((row, index) => {
    if (Number(row.position) !== index) faults.push(`position ${index} is held by ${row.position}`);
  });

  const epochs = new Map<string, { seq: number; chain: Buffer }>();
  for (const row of rows) {
    const key = `${row.node}/${row.epoch}`;
    const before = epochs.get(key) ?? { seq: 0, chain: GENESIS_CHAIN };
    if (Number(row.seq) !== before.seq + 1) faults.push(`${key}: ${row.seq} follows ${before.seq}`);
    epochs.set(key, { seq: Number(row.seq), chain: nextChain(before.chain, row.hash ?? eventHash(row.body)) });
    if (row.type === 'quarantined' || row.type === 'producer.lost' || row.type === 'producer.forked')
      faults.push(`${key}.${row.seq} is ${row.type}`);
  }
  const marks = await query<{ node: string; epoch: string; mark_seq: string; mark_chain: Buffer }>(
    'SELECT node, epoch, mark_seq, mark_chain FROM producer_epoch',
  );
  for (const mark of marks) {
    const end = epochs.get(`${mark.node}/${mark.epoch}`);
    if (!end) continue;
    if (end.seq !== Number(mark.mark_seq))
      faults.push(`${mark.node}/${mark.epoch}: mark ${mark.mark_seq}, last event ${end.seq}`);
    if (!end.chain.equals(mark.mark_chain))
      faults.push(`${mark.node}/${mark.epoch}: the chain of the stored bytes is not the mark's`);
  }
  const [foreign] = await query<{ n: string }>('SELECT count(*) AS n FROM foreign_entry');
  if (foreign?.n !== '0' && Number(foreign?.n) !== 0) faults.push(`${foreign?.n} foreign entries`);
  faults.push(...(await judgeTree(query, delivered)));
  return { events: stored.length, epochs: epochs.size, faults };
}

/**
 * The Merkle tree is the one over all leaf data, and so is every checkpoint, in PostgreSQL and at Datadog. Datadog may hold more: of an
 * earlier generation, over what PostgreSQL lost.
 */
async function judgeTree(query: RecordQuery, delivered: Record<string, unknown>[]): Promise<string[]> {
  const faults: string[] = [];
  const runs = await query<{ leaf_data: Buffer }>('SELECT leaf_data FROM run ORDER BY first_position');
  const leaves = runs.flatMap((run) => splitLeaves(run.leaf_data));
  const [head] = await query<{
    log: string;
    size: string;
    tree_size: string;
    root_edge: Buffer;
    generation: number;
  }>('SELECT log, size, tree_size, root_edge, generation FROM log_head');
  if (!head || Number(head.tree_size) !== Number(head.size))
    faults.push(`the tree is over ${head?.tree_size} of ${head?.size} events`);
  const checkpoints = await query<{ generation: number; size: string; root: Buffer }>(
    'SELECT generation, size, root FROM checkpoint ORDER BY generation, size',
  );
  const edge = TreeEdge.empty();
  const roots = new Map<number, string>();
  const sizes = new Set(checkpoints.map((one) => Number(one.size)));
  for (const leaf of leaves) {
    edge.append(leafHash(leaf), []);
    if (sizes.has(edge.size)) roots.set(edge.size, toHex(edge.root()));
  }
  if (toHex(edge.root()) !== toHex(referenceRoot(leaves)))
    faults.push('the tree is not the one of a second implementation');
  if (head && !Buffer.concat(edge.subtrees()).equals(head.root_edge))
    faults.push('the head names another tree than leaf data make');
  for (const { generation, size, root } of checkpoints) {
    if (roots.get(Number(size)) !== toHex(root)) faults.push(`checkpoint ${generation}/${size} is of another tree`);
  }
  const signed = new Map(checkpoints.map(({ generation, size, root }) => [`${generation}/${size}`, toHex(root)]));
  const told = new Map<string, string>();
  for (const log of delivered) {
    const {
      log: of,
      generation,
      size,
      root,
    } = (log.checkpoint ?? {}) as {
      log?: string;
      generation?: number;
      size?: string;
      root?: string;
    };
    // A fresh PostgreSQL has another log.
    if ((log.evt as { name?: string }).name !== 'checkpoint.signed' || !root || of !== head?.log) continue;
    const name = `${generation}/${size}`;
    if ((told.get(name) ?? root) !== root) faults.push(`Datadog has two roots for checkpoint ${name}`);
    told.set(name, root);
    const here = signed.get(name);
    if (here === undefined && generation === head?.generation)
      faults.push(`Datadog has a checkpoint ${name} that is not here`);
    if (here !== undefined && here !== root) faults.push(`Datadog has another root for checkpoint ${name}`);
  }
  return faults;
}

/** Positions that a purge accounts for, by their leaf data. */
async function purgedRows(query: RecordQuery): Promise<Row[]> {
  const runs = await query<{ first: string; node: string; leaf_data: Buffer; purged: string[] }>(
    `SELECT first_position AS first, node, leaf_data, ARRAY(SELECT class FROM purge
        WHERE recorded_at >= from_at AND recorded_at < to_at) AS purged FROM run
      WHERE EXISTS (SELECT FROM purge WHERE recorded_at >= from_at AND recorded_at < to_at)`,
  );
  return runs.flatMap(({ first, node, leaf_data, purged }) =>
    decodeLeaves(leaf_data).flatMap((leaf, index) =>
      purged.includes(leaf.class)
        ? [
            {
              position: Number(first) + index,
              node,
              epoch: leaf.epoch,
              seq: leaf.seq,
              type: 'purged',
              body: Buffer.alloc(0),
              hash: leaf.eventHash,
            },
          ]
        : [],
    ),
  );
}

/** Texts of all commands in the record, with their parameters, as `text|p1|p2`. */
export async function recordedCommands(stack: Stack): Promise<string[]> {
  const rows = await stack.query<{ body: Buffer }>(
    `SELECT body FROM event WHERE type = 'command.issued' ORDER BY position`,
  );
  return rows.map(({ body }) => {
    const { data } = JSON.parse(body.toString('utf8')) as {
      data: { statement?: { text?: string }; parameters?: ({ text?: string; base64?: string } | null)[] };
    };
    return [
      data.statement?.text ?? '',
      ...(data.parameters ?? []).map((value) => value?.text ?? value?.base64 ?? 'NULL'),
    ].join('|');
  });
}

/** Copies of each event that the Datadog stand-in holds, by event id. */
export async function deliveredCopies(stack: Stack): Promise<Map<string, number>> {
  return copiesIn(await stack.delivered());
}

/** Copies of each event among these logs, by event id. */
export function copiesIn(logs: readonly Record<string, unknown>[]): Map<string, number> {
  const copies = new Map<string, number>();
  for (const log of logs) {
    const id = (log.evt as { id: string }).id;
    copies.set(id, (copies.get(id) ?? 0) + 1);
  }
  return copies;
}
