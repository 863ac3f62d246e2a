import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { leafHash, MEMBERS, verifyBundle } from '#ledger';
import { Zip } from '../../libs/ledger/src/evidence/zip.js';
import { referenceRoot, referenceTile } from '../reference/merkle.js';
import { type MadeBundle, publicOf, sourceOf } from '../support/evidence-maker.js';
import { exampleLog } from './example-log.js';
import { exampleText } from './example-text.js';
import { type Honest, honestBundles, MUTATIONS } from './mutations.js';
import { ofSession, sampleLog } from './sample-log.js';

const ROOT = join(import.meta.dirname, '../..');
const FOLDER = join(ROOT, 'test/vectors/evidence');
const PAGE = join(ROOT, 'docs/evidence-format.md');
const EXAMPLE = /(<!-- example -->\n)[\s\S]*(<!-- end of example -->)/;
/** With it, the files are written instead of compared. */
const IS_UPDATE = process.env.UPDATE_VECTORS === '1';

/** What others can hold their verifier against; docs/evidence-format.md says what the files are. */
interface Expected {
  file: string;
  verdict: 'valid' | 'invalid';
  /** Codes of problems, each once, in alphabetical order. */
  problems: string[];
  remarks: string[];
  /** Of the auditor. */
  keys?: string[];
  checkpoints?: string[];
}

/** One of each kind of lie, by their names in the table. */
const LIES: Record<string, string> = {
  'event-left-out.zip': 'an event left out',
  'event-altered.zip': 'an event with another word in it',
  'event-doubled.zip': 'an event twice',
  'events-swapped.zip': 'two events swapped',
  'run-left-out.zip': 'a run that was dropped before the tree was built',
  'tail-cut.zip': 'the end of a gateway’s run cut off',
  'event-rewritten.zip': 'an event of a gateway rewritten, with all hashes made anew',
  'checkpoints-forked.zip': 'two checkpoints of one size',
  'restore-unexplained.zip': 'the record of a return to an older state left out',
  'sessions-altered.zip': 'a session told otherwise',
  'manifest-altered.zip': 'a manifest that is not the one sworn to',
  'members-overlap.zip': 'two members over the same bytes',
  'bytes-behind.zip': 'a byte behind the end',
};

async function honest(): Promise<Record<string, MadeBundle>> {
  const { log, session } = await sampleLog(6);
  return {
    'example.zip': await (await exampleLog()).bundle(),
    'sample.zip': await log.clone().bundle(),
    'sample-part.zip': await log.clone().bundle({ from: 12, to: 30 }),
    'sample-session.zip': await log.clone().bundle({ kind: 'selection', ...ofSession(session) }),
  };
}

async function expectedOf(file: string, bytes: Uint8Array, brought = {}): Promise<Expected> {
  const report = await verifyBundle(sourceOf(bytes), brought);
  const codes = (all: readonly { code: string }[]) => [...new Set(all.map(({ code }) => code))].sort();
  return {
    file,
    verdict: report.verdict,
    problems: codes(report.problems),
    remarks: codes(report.remarks),
    ...brought,
  };
}

describe('the committed vectors', () => {
  if (IS_UPDATE) {
    it('are written', async () => {
      mkdirSync(FOLDER, { recursive: true });
      const expected: Expected[] = [];
      const add = async (file: string, bytes: Buffer, brought = {}) => {
        writeFileSync(join(FOLDER, file), bytes);
        expected.push(await expectedOf(file, bytes, brought));
      };
      const bundles = await honest();
      for (const [file, bundle] of Object.entries(bundles)) await add(file, await bundle.zip());
      const table: Honest = await honestBundles(40);
      for (const [file, name] of Object.entries(LIES)) {
        await add(file, Buffer.from(await MUTATIONS.find((one) => one.name === name)!.make(table)));
      }
      const { log } = bundles['sample.zip']!;
      const sample = readFileSync(join(FOLDER, 'sample.zip'));
      const key = Buffer.from(publicOf(1)).toString('base64');
      expected.push(
        await expectedOf('sample.zip', sample, { keys: [key], checkpoints: log.checkpoints.map(({ note }) => note) }),
      );
      expected.push(await expectedOf('sample.zip', sample, { keys: ['0'.repeat(64)] }));
      writeFileSync(join(FOLDER, 'expected.json'), `${JSON.stringify(expected, null, 1)}\n`);
      const page = readFileSync(PAGE, 'utf8');
      writeFileSync(PAGE, page.replace(EXAMPLE, `$1${exampleText(bundles['example.zip']!).replaceAll('$', '$$$$')}$2`));
    });
  }

  it('are judged as it is written', async () => {
    const all = JSON.parse(readFileSync(join(FOLDER, 'expected.json'), 'utf8')) as Expected[];
    expect(all.filter((one) => one.verdict === 'valid').length).toBeGreaterThanOrEqual(5);
    expect(all.filter((one) => one.verdict === 'invalid').length).toBeGreaterThanOrEqual(13);
    for (const { file, verdict, problems, remarks, ...brought } of all) {
      const found = await expectedOf(file, readFileSync(join(FOLDER, file)), brought);
      expect(found).toEqual({ file, verdict, problems, remarks, ...brought });
    }
  });

  it('are what is made today, byte for byte in each member', async () => {
    for (const [file, bundle] of Object.entries(await honest())) {
      // How bytes are packed may change with zlib; what they are may not.
      const zip = await Zip.open(sourceOf(readFileSync(join(FOLDER, file))), MEMBERS);
      for (const name of MEMBERS) {
        const parts: Uint8Array[] = [];
        for await (const part of zip.read(name)) parts.push(part);
        expect([file, name, Buffer.concat(parts).toString('latin1')]).toEqual([
          file,
          name,
          bundle.member(name).toString('latin1'),
        ]);
      }
    }
  });

  it('are what the page says of them', async () => {
    const page = readFileSync(PAGE, 'utf8');
    const example = (await exampleLog()).bundle();
    expect(EXAMPLE.exec(page)?.[0]).toContain(exampleText(await example));
  });

  it('have the tiles and roots that a second implementation finds', async () => {
    const logs = [await exampleLog(), (await sampleLog(6)).log, (await sampleLog(150)).log];
    for (const log of logs) {
      const bundle = await log.clone().bundle();
      const leaves = log.events.map((event) => event.leaf);
      expect(leafHash(leaves[0]!)).toEqual(referenceRoot(leaves.slice(0, 1)));
      expect(Buffer.from(bundle.manifest.checkpoint.root)).toEqual(referenceRoot(leaves));
      for (const line of bundle.lines('tiles.ndjson')) {
        const { tile, hashes } = JSON.parse(line) as { tile: string; hashes: string };
        const [, level = '', index = '', width = '256'] = /^(\d+)\/(\d+)(?:\.p\/(\d+))?$/.exec(tile) ?? [];
        expect(hashes).toBe(referenceTile(Number(level), Number(index), Number(width), leaves).toString('base64'));
      }
    }
  });
});
