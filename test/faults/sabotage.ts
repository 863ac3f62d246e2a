import { execFile } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { CASES } from './cases/index.js';
import { Dice } from './dice.js';
import { World } from './world.js';

const ROOT = new URL('../..', import.meta.url).pathname;

/** A build that breaks one promise on purpose: one exact replacement in one built file. */
export interface Sabotage {
  name: string;
  /** Below dist/; `migrations`: the last of them that holds the text, since a later one may make a function anew. */
  file: string;
  /** Must be there exactly once. */
  find: string;
  replace: string;
  /** `group: name` of the case that must notice it. */
  case: string;
  /** In `npm test` as well. */
  core?: boolean;
}

export const SABOTAGES: readonly Sabotage[] = [
  {
    name: 'purge without looking at holds',
    file: 'migrations',
    find: "IF v_why IS NOT NULL THEN\n    RETURN 'held: ' || v_why;",
    replace: "IF false THEN\n    RETURN 'held: ' || v_why;",
    case: 'retention: a hold that is placed while a purge runs keeps what is not gone yet, and is kept by no run that was planned before its release',
  },
  {
    name: 'mark before commit',
    file: 'apps/recorder/src/recording.js',
    find: 'const commit = await writer.commit(batch)',
    replace: `marks.post(batch.advances.map((one) => ({
          node: one.node, epoch: one.epoch, state: 'open', seq: one.events.at(-1).seq, chain: one.events.at(-1).chain,
          at: new Date().toISOString().replace('Z', '000Z'), generation: 1,
        })));
        await marks.settled();
        const commit = await writer.commit(batch)`,
    case: 'kill: the recorder is killed while Postgres stands still, and Redis loses all: the spool still holds what no commit covers',
  },
  {
    name: 'begin without comparing with copies elsewhere',
    file: 'libs/record/src/log-writer.js',
    find: 'const ahead = aheadOf(head, known);',
    replace: 'const ahead = undefined;',
    case: 'postgres: Postgres comes back from an older backup while no recorder runs: copies elsewhere tell, and the log goes on as another generation',
  },
  {
    name: 'trim by length',
    file: 'libs/streams/src/stream-scripts.js',
    find: `return redis.call('XADD', KEYS[1], ARGV[2],`,
    replace: `return redis.call('XADD', KEYS[1], 'MAXLEN', '=', 2, ARGV[2],`,
    case: 'redis: while the recorder is away Redis holds all that it owes, and on its return nothing has to be sent again',
    core: true,
  },
  {
    // A lost page cache cannot be had without losing the machine: what is not written yet when the process dies is the same loss.
    name: 'acknowledge before fsync',
    file: 'libs/spool/src/writer.js',
    find: 'const { log, segment, fd } = this.current;',
    replace: `const { log, segment, fd } = this.current;
        for (const one of group) one.request.resolve(one.records.map((record) => ({ epoch: log.epoch, ...record })));
        await new Promise((resolve) => setTimeout(resolve, 200));`,
    case: 'kill: kill -9 of the gateway at random instants',
  },
  {
    name: 'skip without comparing hashes',
    file: 'apps/recorder/src/judge-frame.js',
    find: 'return chainInFrame(frame, mark.seq).equals(mark.seq === 0 ? GENESIS_CHAIN : mark.chain);',
    replace: 'return true;',
    case: 'redis: another content under recorded numbers, signed with the key of the node, is refused by name',
    core: true,
  },
  {
    name: 'settle before the answer',
    file: 'libs/delivery/src/deliver-batch.js',
    find: 'const answer = await this.send(packet, Math.min(this.delivery.requestTimeoutMs, remainingMs));',
    replace: `void this.send(packet, Math.min(this.delivery.requestTimeoutMs, remainingMs)).catch(() => undefined);
        const answer = { kind: 'accepted', status: 202 };`,
    case: 'kill: kill -9 of the forwarder, before the POST arrives',
  },
  {
    name: 'resend without look-up',
    file: 'libs/delivery/src/ledger.js',
    // biome-ignore lint/suspicious/noTemplateCurlyInString: text of the built file
    find: 'b.attempt = $3 - 1 AND b.mapping_version = ANY($5)\n        AND (${state} OR',
    // biome-ignore lint/suspicious/noTemplateCurlyInString: text of the built file
    replace: 'b.attempt >= $3 - 1 AND b.mapping_version = ANY($5)\n        AND (true OR ${state} OR',
    case: 'redis: every wake-up doubled, early and late: no batch is sent twice',
  },
  {
    name: 'resend what is in doubt without look-up',
    file: 'libs/delivery/src/doubt.js',
    find: 'const doubtful = await ripeBatches(pool, destination.name, readBack, this.policy);',
    replace: `const doubtful = await ripeBatches(pool, destination.name, readBack, this.policy);
        for (const batch of doubtful.splice(0)) await sendAgain(pool, batch, 0);
        lookEverywhere();`,
    case: 'datadog: Datadog stores requests, the answers are lost, and it can be read back: exactly one copy of each',
  },
];

/** Below the root. */
function fileOf({ file, find }: Sabotage): string {
  if (file !== 'migrations') return join('dist', file);
  const folder = join('prisma', file);
  const name = readdirSync(join(ROOT, folder))
    .sort()
    .filter((one) => /^\d/.test(one) && readFileSync(join(ROOT, folder, one, 'migration.sql'), 'utf8').includes(find))
    .at(-1);
  return join(folder, name ?? 'none', 'migration.sql');
}

/**
 * The built file as the sabotage leaves it.
 * @throws where the text to replace is not there exactly once: the product changed, and the sabotage must follow it
 */
export function sabotaged(sabotage: Sabotage): string {
  const { find, replace } = sabotage;
  const file = fileOf(sabotage);
  const parts = readFileSync(join(ROOT, file), 'utf8').split(find);
  if (parts.length !== 2) throw new Error(`${file} holds ${JSON.stringify(find)} ${parts.length - 1} times, not once`);
  return parts.join(replace);
}

/** A checkout in a folder of its own that runs the sabotaged build. */
async function sabotagedRoot(sabotage: Sabotage): Promise<{ root: string; remove(): void }> {
  const text = sabotaged(sabotage);
  const root = mkdtempSync(join(tmpdir(), 'affidavit-sabotage-'));
  for (const part of ['dist', 'bin', 'package.json', 'prisma'])
    cpSync(join(ROOT, part), join(root, part), { recursive: true });
  symlinkSync(join(ROOT, 'node_modules'), join(root, 'node_modules'));
  writeFileSync(join(root, fileOf(sabotage)), text);
  await promisify(execFile)(process.execPath, [join(ROOT, 'scripts/bundle.mjs'), root]);
  return { root, remove: () => rmSync(root, { recursive: true, force: true }) };
}

/**
 * Runs the case that must notice against the sabotaged build.
 * @returns why it is red; undefined where it noticed nothing
 * @throws where the build does not even start: that would prove nothing
 */
export async function noticed(sabotage: Sabotage, seed: number): Promise<string | undefined> {
  const one = CASES.find((each) => `${each.group}: ${each.name}` === sabotage.case);
  if (!one) throw new Error(`no case is named '${sabotage.case}'`);
  const { root, remove } = await sabotagedRoot(sabotage);
  try {
    const world = await World.start({ ...one.options, root });
    try {
      await world.answered(1);
      // What is lost never comes: a sound build rests within seconds.
      const allowance = await one.run(world, new Dice(seed));
      await world.expectInvariants({ restMs: 30_000, ...allowance });
      return undefined;
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    } finally {
      await world.stop();
    }
  } finally {
    remove();
  }
}
