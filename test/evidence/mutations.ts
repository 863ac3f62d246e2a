import { deflateRawSync } from 'node:zlib';
import {
  checkpointText,
  encodeManifest,
  LISTED_MEMBERS,
  type Manifest,
  MEMBERS,
  type MemberName,
  originOf,
  type ProblemCode,
  signNote,
} from '#ledger';
import { keyPair } from '../../libs/streams/test/keys.js';
import { EvidenceLog, type MadeBundle } from '../support/evidence-maker.js';
import { writeZip, type ZipMember, type ZipTrailer } from '../support/zip-writer.js';
import { ofSession, type Sample, sampleLog } from './sample-log.js';

// What somebody may do to a bundle, as data: the command line and the page in a browser are both held against this table.

/** Bundles of logs that are honest, to be changed. */
export interface Honest {
  sample: Sample;
  /** Everything. */
  whole: MadeBundle;
  /** Without the end of the log. */
  part: MadeBundle;
  /** One session. */
  session: MadeBundle;
  /** Of another log, with other events. */
  other: MadeBundle;
  notes: string[];
}

/** What the auditor brings. */
export interface Brought {
  keys?: string[];
  checkpoints?: string[];
}

export interface Mutation {
  name: string;
  /** One of the problems that must be named. */
  code: ProblemCode;
  make(honest: Honest): Promise<Buffer> | Buffer;
  brings?: (honest: Honest) => Brought;
}

/** @param commands of the longest session: enough for the table's numbers of lines, and for more than one tile */
export async function honestBundles(commands = 120): Promise<Honest> {
  const sample = await sampleLog(commands);
  const other = new EvidenceLog();
  Object.assign(other, { log: 'log-other' });
  other.enrol('gateway-9', 19);
  other.record(other.begin('gateway-9'), [
    { type: 'producer.alive', time: other.now, class: 'system', data: { upSeconds: 7 } },
  ]);
  await other.checkpoint();
  return {
    sample,
    whole: await sample.log.clone().bundle(),
    part: await sample.log.clone().bundle({ from: 20, to: Math.floor(0.65 * sample.log.size) }),
    session: await sample.log.clone().bundle({ kind: 'selection', ...ofSession(sample.session) }),
    other: await other.clone().bundle(),
    notes: sample.log.checkpoints.map((signed) => signed.note),
  };
}

// ── ways to change ──────────────────────────────────────────────────────────────────────────────────────────────────────

function zipped(
  bundle: MadeBundle,
  change: Partial<Record<MemberName, Partial<ZipMember>>> = {},
  trailer?: ZipTrailer,
): Buffer {
  const members = MEMBERS.map((name) => ({ name, bytes: bundle.member(name), ...change[name] }));
  return writeZip(members, trailer);
}

function rezipped(change: Partial<Record<MemberName, Partial<ZipMember>>>, trailer?: ZipTrailer) {
  return ({ whole }: Honest) => zipped(whole, change, trailer);
}

function listed(change: (members: ZipMember[]) => ZipMember[]) {
  return ({ whole }: Honest) => writeZip(change(MEMBERS.map((name) => ({ name, bytes: whole.member(name) }))));
}

type Which = 'whole' | 'part' | 'session';
type Swears = 'kept' | 'remade' | 'sealed';

/** Members changed; by default whoever does it has the log's own keys, and lets it swear to the result. */
function members(
  change: (honest: Honest, bundle: MadeBundle) => Partial<Record<MemberName, Buffer | string>>,
  { which = 'whole', swears = 'sealed' }: { which?: Which; swears?: Swears } = {},
) {
  return async (honest: Honest) => {
    const bundle = honest[which];
    const changes = change(honest, bundle);
    const counted = (manifest: Manifest) => ({ ...manifest, counts: countsOf(manifest, bundle, changes) });
    return zipped(await bundle.with(changes, swears, counted));
  };
}

/** The counts that a clever liar would write. */
function countsOf(manifest: Manifest, bundle: MadeBundle, changes: Partial<Record<MemberName, Buffer | string>>) {
  const counts = { ...manifest.counts };
  for (const name of ['events', 'supporting', 'quarantined', 'runs', 'tiles', 'checkpoints'] as const) {
    const member: MemberName = `${name}.ndjson`;
    const text = changes[member] ?? bundle.member(member);
    counts[name] = Buffer.from(text).toString('latin1').split('\n').length - 1;
  }
  return counts;
}

function lines(name: MemberName, change: (lines: string[], honest: Honest) => string[], which: Which = 'whole') {
  return members(
    (honest, bundle) => ({
      [name]: change(bundle.lines(name), honest)
        .map((line) => `${line}\n`)
        .join(''),
    }),
    { which },
  );
}

function json(name: MemberName, change: (value: never, honest: Honest) => unknown) {
  return members((honest, bundle) => ({
    [name]: JSON.stringify(change(JSON.parse(bundle.member(name).toString()) as never, honest)),
  }));
}

/** What stands in lines, of one member or another. */
interface LineValue {
  first: string;
  leaves: string;
  head: string;
  hashes: string;
  body: string;
  note: string;
  proof: string[];
}

/** One line of canonical JSON, with members set to other values: the order of keys stays. */
function line(name: MemberName, at: number, change: (value: LineValue, honest: Honest) => object) {
  return lines(name, (all, honest) =>
    all.map((text, index) => {
      if (index !== (at < 0 ? all.length + at : at)) return text;
      const value = JSON.parse(text);
      return JSON.stringify({ ...value, ...change(value, honest) });
    }),
  );
}

function manifest(change: (manifest: Manifest, honest: Honest) => Manifest, which: Which = 'whole') {
  return async (honest: Honest) => zipped(await honest[which].with({}, 'sealed', (own) => change(own, honest)));
}

/** The manifest's text changed, which the log then swears to. */
async function manifestText(honest: Honest, change: (text: string) => string): Promise<Buffer> {
  const { whole } = honest;
  return zipped(await whole.with({ 'manifest.json': change(encodeManifest(whole.manifest)) }));
}

function flipped(bytes: Buffer, at: number): Buffer {
  const changed = Buffer.from(bytes);
  changed[at] = changed[at]! ^ 1;
  return changed;
}

function flippedBase64(base64: string, at = 0): string {
  return flipped(Buffer.from(base64, 'base64'), at).toString('base64');
}

/** Another log is built under the same keys, and all of it signed anew. */
function built(build: (log: EvidenceLog, sample: Sample) => void | Promise<void>) {
  return async ({ sample }: Honest) => {
    const log = sample.log.clone();
    await build(log, sample);
    return zipped(await log.bundle());
  };
}

function swap<T>(all: T[], one: number, other: number): T[] {
  const changed = [...all];
  [changed[one], changed[other]] = [changed[other]!, changed[one]!];
  return changed;
}

const without =
  <T>(at: number) =>
  (all: T[]) =>
    all.filter((_, index) => index !== (at < 0 ? all.length + at : at));
const twice =
  <T>(at: number) =>
  (all: T[]) => [...all.slice(0, at + 1), ...all.slice(at)];
const alive = {
  type: 'producer.alive',
  time: '2026-11-26T00:00:00.000000Z',
  class: 'system',
  data: { upSeconds: 1 },
} as const;

// ── the table ───────────────────────────────────────────────────────────────────────────────────────────────────────────

/** A bundle in which this member is not empty. */
function someOf(name: MemberName): Which {
  return name === 'supporting.ndjson' ? 'part' : 'whole';
}

/** Checksums and digests: whoever changes a byte and nothing else. */
const CHANGED_BYTES: Mutation[] = [
  ...MEMBERS.map((name): Mutation => {
    const change = (honest: Honest) => {
      const bundle = honest[someOf(name)];
      const bytes = bundle.member(name);
      return zipped(bundle, { [name]: { packed: flipped(bytes, bytes.length >> 1), method: 0 } });
    };
    return { name: `a bit flipped in ${name}`, code: 'zip-crc', make: change };
  }),
  ...LISTED_MEMBERS.map(
    (name): Mutation => ({
      name: `a bit flipped in ${name}, and zipped anew`,
      code: 'manifest-digest',
      make: members((_, bundle) => ({ [name]: flipped(bundle.member(name), bundle.member(name).length >> 1) }), {
        which: someOf(name),
        swears: 'kept',
      }),
    }),
  ),
  ...LISTED_MEMBERS.filter(
    (name) => name.startsWith('sessions') || /README|report|holds|retention|receipts/.test(name),
  ).map(
    (name): Mutation => ({
      name: `${name} altered, and the manifest made anew`,
      code: 'seal',
      make: members((_, bundle) => ({ [name]: bundle.member(name).toString().replace(/[a-z]/, 'X') }), {
        swears: 'remade',
      }),
    }),
  ),
];

const ZIP: Mutation[] = [
  { name: 'the last byte cut off', code: 'zip-end', make: async ({ whole }) => (await whole.zip()).subarray(0, -1) },
  {
    name: 'the second half cut off',
    code: 'zip-end',
    make: async ({ whole }) => (await whole.zip()).subarray(0, 5000),
  },
  { name: 'an empty file', code: 'zip-end', make: () => Buffer.alloc(0) },
  {
    name: 'something that is no ZIP file',
    code: 'zip-end',
    make: () => Buffer.from('a letter, and nothing else at all'),
  },
  { name: 'a byte behind the end', code: 'zip-end', make: rezipped({}, { behind: Buffer.of(0) }) },
  { name: 'a comment', code: 'zip-end', make: rezipped({}, { comment: 'see the other file' }) },
  {
    name: 'a program before the first member',
    code: 'zip-layout',
    make: rezipped({}, { before: Buffer.from('#!/bin/sh\n') }),
  },
  {
    name: 'bytes between two members',
    code: 'zip-layout',
    make: rezipped({ 'keys.json': { behind: Buffer.from('hidden') } }),
  },
  {
    name: 'bytes between directory and end record',
    code: 'zip-layout',
    make: rezipped({}, { between: Buffer.alloc(20) }),
  },
  { name: 'two members over the same bytes', code: 'zip-layout', make: rezipped({ 'events.ndjson': { offset: 0 } }) },
  {
    name: 'a member that reaches into the next',
    code: 'zip-layout',
    make: ({ whole }) => {
      const zip = zipped(whole, { 'holds.json': { method: 0 } });
      // Both headers say that it is longer.
      for (const [signature, at] of [
        ['PK\x01\x02', 46],
        ['PK\x03\x04', 30],
      ] as const) {
        for (
          let from = zip.indexOf(signature, 0, 'latin1');
          from >= 0;
          from = zip.indexOf(signature, from + 1, 'latin1')
        ) {
          if (zip.toString('latin1', from + at, from + at + 10) !== 'holds.json') continue;
          const sizes = from + (at === 46 ? 20 : 18);
          zip.writeUInt32LE(40, sizes);
          zip.writeUInt32LE(40, sizes + 4);
        }
      }
      return zip;
    },
  },
  {
    name: 'a member left out',
    code: 'zip-name',
    make: listed((all) => all.filter(({ name }) => name !== 'quarantined.ndjson')),
  },
  { name: 'the seal left out', code: 'zip-name', make: listed((all) => all.slice(0, -1)) },
  {
    name: 'a member twice',
    code: 'zip-name',
    make: listed((all) => all.flatMap((one) => (one.name === 'events.ndjson' ? [one, one] : [one]))),
  },
  { name: 'two members swapped', code: 'zip-name', make: listed((all) => swap(all, 5, 6)) },
  {
    name: 'a file more',
    code: 'zip-name',
    make: listed((all) => [...all, { name: 'setup.exe', bytes: Buffer.from('MZ') }]),
  },
  {
    name: 'a name that leads out of the folder',
    code: 'zip-name',
    make: rezipped({ 'README.txt': { name: '../../.bashrc' } }),
  },
  { name: 'an absolute name', code: 'zip-name', make: rezipped({ 'README.txt': { name: '/etc/passwd' } }) },
  { name: 'a name in capitals', code: 'zip-name', make: rezipped({ 'keys.json': { name: 'KEYS.JSON' } }) },
  {
    name: 'a name that ends in NUL and more',
    code: 'zip-name',
    make: rezipped({ 'keys.json': { name: 'keys.json\0.txt' } }),
  },
  {
    name: 'a name that only its own header has',
    code: 'zip-header',
    make: rezipped({ 'keys.json': { localName: 'keyz.json' } }),
  },
  {
    name: 'a symbolic link',
    code: 'zip-link',
    make: rezipped({ 'report.html': { externalAttributes: (0o120777 << 16) >>> 0 } }),
  },
  { name: 'a folder', code: 'zip-link', make: rezipped({ 'report.html': { externalAttributes: 0x10 } }) },
  { name: 'the flag of encryption', code: 'zip-flags', make: rezipped({ 'events.ndjson': { flags: 1 } }) },
  { name: 'the flag of masked headers', code: 'zip-flags', make: rezipped({ 'events.ndjson': { flags: 1 << 13 } }) },
  {
    name: 'another way of packing',
    code: 'zip-method',
    make: rezipped({ 'events.ndjson': { method: 12, packed: Buffer.from('BZh9') } }),
  },
  {
    name: 'a member that unpacks to more than it declares',
    code: 'zip-size',
    make: ({ whole }) =>
      zipped(whole, { 'receipts.ndjson': { packed: deflateRawSync(Buffer.alloc(50_000_000)), size: 1000 } }),
  },
  {
    name: 'a member that unpacks to less than it declares',
    code: 'zip-size',
    make: rezipped({ 'holds.json': { size: 1000 } }),
  },
  {
    name: 'members that declare a petabyte',
    code: 'too-large',
    make: rezipped({ 'events.ndjson': { size: 2 ** 50, isWide: true } }, { isWide: true }),
  },
  {
    name: 'keys that declare more than is read at once',
    code: 'too-large',
    make: ({ whole }) =>
      zipped(whole, { 'keys.json': { packed: deflateRawSync(Buffer.alloc(70_000_000, '[')), size: 70_000_000 } }),
  },
  {
    name: 'packed bytes that end early',
    code: 'zip-data',
    make: ({ whole }) =>
      zipped(whole, { 'runs.ndjson': { packed: deflateRawSync(whole.member('runs.ndjson')).subarray(0, -9) } }),
  },
  {
    name: 'packed bytes with something behind them',
    code: 'zip-data',
    make: ({ whole }) =>
      zipped(whole, {
        'runs.ndjson': { packed: Buffer.concat([deflateRawSync(whole.member('runs.ndjson')), Buffer.from('more')]) },
      }),
  },
  {
    name: 'packed bytes that are none',
    code: 'zip-data',
    make: rezipped({ 'tiles.ndjson': { packed: Buffer.alloc(99, 0xff) } }),
  },
  {
    name: 'a checksum that only its own header has',
    code: 'zip-header',
    make: rezipped({ 'keys.json': { localCrc: 1 } }),
  },
  {
    name: 'a way of packing that only its own header has',
    code: 'zip-header',
    make: rezipped({ 'keys.json': { localMethod: 0 } }),
  },
  { name: 'a checksum that is wrong everywhere', code: 'zip-crc', make: rezipped({ 'keys.json': { crc: 1 } }) },
  {
    name: 'a second name in an extra field',
    code: 'zip-header',
    make: rezipped({
      'keys.json': { extra: Buffer.concat([Buffer.from('7075', 'hex').reverse(), Buffer.from([5, 0, 1, 0, 0, 0, 0])]) },
    }),
  },
  {
    name: 'an extra field that is cut',
    code: 'zip-header',
    make: rezipped({ 'keys.json': { extra: Buffer.of(1, 0, 8) } }),
  },
  {
    name: 'numbers of 64 bits that nothing asks for',
    code: 'zip-header',
    make: rezipped({ 'keys.json': { extra: Buffer.concat([Buffer.of(1, 0, 8, 0), Buffer.alloc(8)]) } }),
  },
  {
    name: 'a wide end record that leads elsewhere',
    code: 'zip-layout',
    make: rezipped({}, { isWide: true, wideOffsetError: 1 }),
  },
  { name: 'an end record that counts fewer members', code: 'zip-end', make: rezipped({}, { count: 15 }) },
  {
    name: 'a comment at a member',
    code: 'zip-directory',
    make: rezipped({ 'keys.json': { comment: Buffer.from('x') } }),
  },
];

const EVENTS: Mutation[] = [
  { name: 'an event left out', code: 'missing', make: lines('events.ndjson', without(30)) },
  { name: 'the last events left out', code: 'missing', make: lines('events.ndjson', (all) => all.slice(0, -2)) },
  { name: 'all events left out', code: 'missing', make: lines('events.ndjson', () => []) },
  { name: 'an event twice', code: 'doubled', make: lines('events.ndjson', twice(30)) },
  { name: 'two events swapped', code: 'order', make: lines('events.ndjson', (all) => swap(all, 30, 31)) },
  { name: 'all events in another order', code: 'order', make: lines('events.ndjson', (all) => all.toReversed()) },
  {
    name: 'an event with another word in it',
    code: 'altered',
    make: lines('events.ndjson', (all) => all.map((one) => one.replace('SELECT 33', 'SELECT 34'))),
  },
  {
    name: 'an event with a space more',
    code: 'altered',
    make: lines('events.ndjson', (all) => all.map((one, at) => (at === 9 ? `${one} ` : one))),
  },
  {
    name: 'an event of another log',
    code: 'foreign',
    make: lines('events.ndjson', (all, { other }) => [...all, other.lines('events.ndjson').at(-1)!]),
  },
  {
    name: 'a line that is no event',
    code: 'foreign',
    make: lines('events.ndjson', (all) => ['{"an":"invention"}', ...all]),
  },
  { name: 'an empty line', code: 'foreign', make: lines('events.ndjson', (all) => [...all, '']) },
  {
    name: 'the last newline cut off',
    code: 'malformed',
    make: members((_, bundle) => ({ 'events.ndjson': bundle.member('events.ndjson').subarray(0, -1) })),
  },
  {
    name: 'an event put into the place of another',
    code: 'missing',
    make: lines('events.ndjson', (all) => all.map((one, at) => (at === 30 ? all[40]! : one))),
  },
  {
    name: 'an event that also explains',
    code: 'doubled',
    make: lines('supporting.ndjson', (all, { whole }) => [...all, whole.lines('events.ndjson').at(-1)!]),
  },
  {
    name: 'the record of a purge left out',
    code: 'missing',
    make: lines('events.ndjson', (all) => all.filter((one) => !one.includes('"retention.purged"'))),
  },
  {
    name: 'the record of a loss left out',
    code: 'hole',
    make: lines('events.ndjson', (all) => all.filter((one) => !one.includes('"producer.lost"'))),
  },
  {
    name: 'the record of a return to an older state left out',
    code: 'restore',
    make: lines('supporting.ndjson', (all) => all.filter((one) => !one.includes('"log.restored"')), 'part'),
  },
  { name: 'bytes in quarantine left out', code: 'missing', make: lines('quarantined.ndjson', () => []) },
  {
    name: 'bytes in quarantine changed',
    code: 'altered',
    make: line('quarantined.ndjson', 0, ({ body }) => ({ body: flippedBase64(body) })),
  },
  {
    name: 'bytes in quarantine at a place that is not there',
    code: 'foreign',
    make: line('quarantined.ndjson', 0, () => ({ position: '99999' })),
  },
  {
    name: 'a command of a session left out',
    code: 'hole',
    make: lines('events.ndjson', (all) => all.filter((one) => !one.includes('"s-long.17"')), 'session'),
  },
  {
    name: 'an event beyond what the bundle is about',
    code: 'scope',
    make: manifest((own) => ({ ...own, scope: { ...own.scope, kind: 'selection', to: 250 } })),
  },
];

const RUNS: Mutation[] = [
  { name: 'a run left out', code: 'missing', make: lines('runs.ndjson', without(9)) },
  { name: 'the last run left out', code: 'missing', make: lines('runs.ndjson', without(-1)) },
  { name: 'a run twice', code: 'run-order', make: lines('runs.ndjson', twice(9)) },
  { name: 'two runs swapped', code: 'run-order', make: lines('runs.ndjson', (all) => swap(all, 9, 10)) },
  {
    name: 'a run at another position',
    code: 'tile-leaf',
    make: line('runs.ndjson', -1, ({ first }) => ({ first: String(Number(first) - 1) })),
  },
  {
    name: 'another chain before a run',
    code: 'head',
    make: line('runs.ndjson', 9, () => ({ chainBefore: '1'.repeat(64) })),
  },
  {
    name: 'a signature changed',
    code: 'head',
    make: line('runs.ndjson', 9, ({ head }) => ({ head: flippedBase64(head, Buffer.from(head, 'base64').length - 1) })),
  },
  { name: 'a signature left out', code: 'head', make: line('runs.ndjson', 9, () => ({ head: null })) },
  {
    name: 'the signature of another run',
    code: 'head',
    make: lines('runs.ndjson', (all) =>
      all.map((one, at) => (at === 9 ? JSON.stringify({ ...JSON.parse(one), head: JSON.parse(all[8]!).head }) : one)),
    ),
  },
  {
    name: 'a run in the name of another node',
    code: 'head',
    make: line('runs.ndjson', 9, () => ({ node: 'gateway-2' })),
  },
  {
    name: 'a leaf of another class',
    code: 'tile-leaf',
    make: line('runs.ndjson', 9, ({ leaves }) => {
      const renamed = Buffer.from(leaves, 'base64').toString('latin1').replaceAll('standard', 'standart');
      return { leaves: Buffer.from(renamed, 'latin1').toString('base64') };
    }),
  },
  {
    name: 'another time of recording',
    code: 'run-form',
    make: line('runs.ndjson', 9, ({ leaves }) => ({ leaves: flippedBase64(leaves, 8) })),
  },
  {
    name: 'leaf data of another version',
    code: 'run-form',
    make: line('runs.ndjson', 9, ({ leaves }) => ({ leaves: flippedBase64(leaves, 0) })),
  },
  {
    name: 'leaf data that is cut',
    code: 'run-form',
    make: line('runs.ndjson', 9, ({ leaves }) => ({
      leaves: Buffer.from(leaves, 'base64').subarray(0, -3).toString('base64'),
    })),
  },
  { name: 'a run without leaves', code: 'run-form', make: line('runs.ndjson', 9, () => ({ leaves: '' })) },
  {
    name: 'keys of a line in another order',
    code: 'malformed',
    make: lines('runs.ndjson', (all) =>
      all.map((one, at) =>
        at === 9 ? JSON.stringify(Object.fromEntries(Object.entries(JSON.parse(one)).toReversed())) : one,
      ),
    ),
  },
];

const TILES: Mutation[] = [
  { name: 'a tile left out', code: 'tile-set', make: lines('tiles.ndjson', without(0)) },
  { name: 'the topmost tile left out', code: 'tile-set', make: lines('tiles.ndjson', without(-1)) },
  { name: 'a tile twice', code: 'tile-set', make: lines('tiles.ndjson', twice(0)) },
  { name: 'two tiles swapped', code: 'tile-set', make: lines('tiles.ndjson', (all) => swap(all, 0, 1)) },
  {
    name: 'a hash in a tile changed',
    code: 'tile-leaf',
    make: line('tiles.ndjson', 0, ({ hashes }) => ({ hashes: flippedBase64(hashes, 40) })),
  },
  {
    name: 'a hash above a full tile changed',
    code: 'tile-parent',
    make: line('tiles.ndjson', -1, ({ hashes }) => ({ hashes: flippedBase64(hashes) })),
  },
  {
    name: 'a hash of a leaf that is not in the bundle changed',
    code: 'tile-parent',
    make: lines(
      'tiles.ndjson',
      (all) => [
        JSON.stringify({ hashes: flippedBase64(JSON.parse(all[0]!).hashes, 0), tile: JSON.parse(all[0]!).tile }),
        ...all.slice(1),
      ],
      'part',
    ),
  },
  {
    name: 'a hash of the unfinished tile changed',
    code: 'tile-root',
    make: lines(
      'tiles.ndjson',
      (all) =>
        all.map((one, at) =>
          at === 1
            ? JSON.stringify({ hashes: flippedBase64(JSON.parse(one).hashes), tile: JSON.parse(one).tile })
            : one,
        ),
      'part',
    ),
  },
  {
    name: 'the tiles of another log',
    code: 'tile-set',
    make: members((_, __) => ({ 'tiles.ndjson': _.other.member('tiles.ndjson') })),
  },
  {
    name: 'a tile that is too narrow',
    code: 'malformed',
    make: line('tiles.ndjson', 0, ({ hashes }) => ({
      hashes: Buffer.from(hashes, 'base64').subarray(32).toString('base64'),
    })),
  },
];

/** A checkpoint of the sample log that the log never signed in earnest. */
function forged({ sample }: Honest, { seed = 3, size = 50, generation = 1 } = {}): string {
  const origin = originOf(sample.log.log, generation);
  return signNote(checkpointText({ origin, size, root: Buffer.alloc(32, 7) }), origin, keyPair(seed).privateKey);
}

const CHECKPOINTS: Mutation[] = [
  {
    name: 'the first checkpoint left out, and the next one with its proof',
    code: 'checkpoint-proof',
    make: lines('checkpoints.ndjson', without(0)),
  },
  { name: 'the anchor left out', code: 'anchor', make: lines('checkpoints.ndjson', without(-1)) },
  { name: 'a checkpoint twice', code: 'checkpoint-order', make: lines('checkpoints.ndjson', twice(1)) },
  {
    name: 'two checkpoints swapped',
    code: 'checkpoint-order',
    make: lines('checkpoints.ndjson', (all) => swap(all, 0, 1)),
  },
  {
    name: 'a proof changed',
    code: 'checkpoint-proof',
    make: line('checkpoints.ndjson', 1, ({ proof }) => ({
      proof: [flippedBase64(proof[0]!), ...proof.slice(1)],
    })),
  },
  { name: 'a proof left out', code: 'checkpoint-proof', make: line('checkpoints.ndjson', 1, () => ({ proof: [] })) },
  {
    name: 'the proof of another checkpoint',
    code: 'checkpoint-proof',
    make: lines('checkpoints.ndjson', (all) =>
      all.map((one, at) => (at === 1 ? JSON.stringify({ ...JSON.parse(one), proof: JSON.parse(all[2]!).proof }) : one)),
    ),
  },
  {
    name: 'a signature of a checkpoint changed',
    code: 'checkpoint-signature',
    make: line('checkpoints.ndjson', 1, ({ note }) => ({
      note: note.replace(/(.)(.{9}=\n)$/, (_, letter, rest) => (letter === 'A' ? 'B' : 'A') + rest),
    })),
  },
  {
    name: 'a checkpoint of a stranger',
    code: 'checkpoint-signature',
    make: line('checkpoints.ndjson', 1, (_, honest) => ({ note: forged(honest, { seed: 9 }) })),
  },
  {
    name: 'a checkpoint of another log',
    code: 'checkpoint-log',
    make: lines('checkpoints.ndjson', (all, { other }) => [other.lines('checkpoints.ndjson')[0]!, ...all]),
  },
  {
    name: 'a checkpoint over another tree',
    code: 'checkpoint-proof',
    make: line('checkpoints.ndjson', 1, (_, honest) => ({ note: forged(honest) })),
  },
  {
    name: 'two checkpoints of one size',
    code: 'checkpoint-fork',
    make: lines('checkpoints.ndjson', (all, honest) => {
      const size = Number(honest.notes[1]!.split('\n')[1]);
      return all.flatMap((one, at) =>
        at === 1 ? [one, JSON.stringify({ note: forged(honest, { size }), proof: [] })] : [one],
      );
    }),
  },
  { name: 'a stale anchor', code: 'anchor', make: lines('checkpoints.ndjson', (all) => all.slice(0, 3)) },
  {
    name: 'a generation that begins for no reason',
    code: 'restore',
    make: line('checkpoints.ndjson', -1, () => ({ restored: '0123456789abcdef.1' })),
  },
  {
    name: 'a checkpoint that is none',
    code: 'malformed',
    make: line('checkpoints.ndjson', 1, () => ({ note: 'believe me\n\n— x AAAAAAA=\n' })),
  },
];

interface KeysValue {
  checkpoint: { publicKey: string; statement?: string }[];
  producers: { node: string; keyId: string; publicKey: string }[];
}

const KEYS: Mutation[] = [
  {
    name: 'the key of a gateway left out',
    code: 'head',
    make: json('keys.json', (keys: KeysValue) => ({
      ...keys,
      producers: keys.producers.filter(({ node }) => node !== 'gateway-1'),
    })),
  },
  {
    name: 'the key of a gateway under another id',
    code: 'key',
    make: json('keys.json', (keys: KeysValue) => ({
      ...keys,
      producers: keys.producers.map((key) => ({ ...key, keyId: '0123456789abcdef' })),
    })),
  },
  {
    name: 'another key in the place of a gateway’s',
    code: 'key',
    make: json('keys.json', (keys: KeysValue) => ({
      ...keys,
      producers: keys.producers.map((key) => ({ ...key, publicKey: keys.producers[0]!.publicKey })),
    })),
  },
  {
    name: 'a key twice',
    code: 'key',
    make: json('keys.json', (keys: KeysValue) => ({ ...keys, producers: [...keys.producers, keys.producers[0]] })),
  },
  {
    name: 'a key of checkpoints left out',
    code: 'checkpoint-signature',
    make: json('keys.json', (keys: KeysValue) => ({ ...keys, checkpoint: keys.checkpoint.slice(1) })),
  },
  {
    name: 'a statement about a key changed',
    code: 'key-statement',
    make: json('keys.json', (keys: KeysValue) => ({
      ...keys,
      checkpoint: keys.checkpoint.map((key) =>
        key.statement ? { ...key, statement: flippedBase64(key.statement, 9) } : key,
      ),
    })),
  },
  { name: 'keys that are no object', code: 'malformed', make: members(() => ({ 'keys.json': '[]' })) },
];

const STATEMENTS: Mutation[] = [
  {
    name: 'a session told otherwise',
    code: 'sessions',
    make: members((_, bundle) => ({
      'sessions.json': bundle.member('sessions.json').toString().replace('"failed":1', '"failed":0'),
    })),
  },
  {
    name: 'a session told otherwise in the table',
    code: 'sessions',
    make: members((_, bundle) => ({
      'sessions.csv': bundle.member('sessions.csv').toString().replace('agent-1', 'agent-2'),
    })),
  },
  {
    name: 'a session left out',
    code: 'sessions',
    make: members((_, bundle) => ({
      'sessions.json': JSON.stringify(JSON.parse(bundle.member('sessions.json').toString()).slice(1)),
    })),
  },
  {
    name: 'a formula in the table',
    code: 'sessions',
    make: members((_, bundle) => ({
      'sessions.csv': bundle.member('sessions.csv').toString().replace("'=cmd", '=cmd'),
    })),
  },
  { name: 'a receipt that is no object', code: 'malformed', make: members(() => ({ 'receipts.ndjson': '7\n' })) },
  { name: 'holds with a space', code: 'malformed', make: members(() => ({ 'holds.json': '[ ]' })) },
  {
    name: 'retention that is nested without end',
    code: 'malformed',
    make: members(() => ({ 'retention.json': '['.repeat(100_000) })),
  },
];

const MANIFEST: Mutation[] = [
  {
    name: 'a manifest with spaces',
    code: 'malformed',
    make: (honest) => manifestText(honest, (text) => JSON.stringify(JSON.parse(text), null, 1)),
  },
  {
    name: 'a manifest with a word that means nothing',
    code: 'malformed',
    make: (honest) => manifestText(honest, (text) => text.replace('"software"', '"softwarf"')),
  },
  {
    name: 'a manifest of another format',
    code: 'malformed',
    make: (honest) => manifestText(honest, (text) => text.replace('evidence/1', 'evidence/2')),
  },
  {
    name: 'a manifest that is not the one sworn to',
    code: 'seal',
    make: (honest) => manifestText(honest, (text) => text.replace('affidavit 0.1.0', 'affidavit 0.1.1')),
  },
  {
    name: 'a manifest without a member',
    code: 'manifest-members',
    make: (honest) => manifestText(honest, (text) => text.replace(/\{"bytes":\d+,"name":"keys.json"[^}]*\},/, '')),
  },
  {
    name: 'a size that is another',
    code: 'manifest-members',
    make: (honest) =>
      manifestText(honest, (text) => text.replace(/"bytes":\d+,"name":"keys.json"/, '"bytes":7,"name":"keys.json"')),
  },
  {
    name: 'a number of events that is another',
    code: 'manifest-count',
    make: manifest((own) => ({ ...own, counts: { ...own.counts, events: own.counts.events + 1 } })),
  },
  {
    name: 'a number of sessions that is another',
    code: 'manifest-count',
    make: manifest((own) => ({ ...own, counts: { ...own.counts, sessions: 0 } })),
  },
  {
    name: 'a scope beyond the anchor',
    code: 'anchor',
    make: manifest((own) => ({ ...own, scope: { ...own.scope, to: own.scope.to + 1 } })),
  },
  {
    name: 'a scope that is wider than the contents',
    code: 'missing',
    make: manifest((own) => ({ ...own, scope: { ...own.scope, from: 0 } }), 'part'),
  },
  {
    name: 'a scope that ends before it begins',
    code: 'scope',
    make: manifest((own) => ({ ...own, scope: { kind: 'range', from: 9, to: 3 } })),
  },
  {
    name: 'another anchor in the manifest',
    code: 'anchor',
    make: manifest((own) => ({ ...own, checkpoint: { ...own.checkpoint, root: Buffer.alloc(32, 1) } })),
  },
  { name: 'another generation in the manifest', code: 'anchor', make: manifest((own) => ({ ...own, generation: 1 })) },
  { name: 'another log in the manifest', code: 'head', make: manifest((own) => ({ ...own, log: 'log-other' })) },
  {
    name: 'a finding of the record itself',
    code: 'finding',
    make: manifest((own) => ({
      ...own,
      findings: [{ code: 'RECORD_ALTERED', message: 'the bytes at 17 are others', position: 17 }],
    })),
  },
];

const SEAL: Mutation[] = [
  {
    name: 'the seal of another bundle',
    code: 'seal',
    make: async (honest) => zipped(await honest.whole.with({ 'seal.json': honest.part.member('seal.json') })),
  },
  {
    name: 'a seal with another event',
    code: 'seal',
    make: sealed((seal) => ({ event: (seal.event as string).replace('auditor', 'audiTor') })),
  },
  {
    name: 'a seal with a proof changed',
    code: 'seal',
    make: sealed((seal) => ({
      proof: [flippedBase64((seal.proof as string[])[0]!), ...(seal.proof as string[]).slice(1)],
    })),
  },
  { name: 'a seal at another position', code: 'seal', make: sealed(() => ({ index: '3' })) },
  { name: 'a seal without consistency', code: 'seal', make: sealed(() => ({ consistency: [] })) },
  {
    name: 'a seal under an invented checkpoint',
    code: 'seal',
    make: sealed((_, honest) => ({ note: forged(honest, { size: 9999, generation: 2 }) })),
  },
  {
    name: 'a seal under the checkpoint of a stranger',
    code: 'checkpoint-signature',
    make: sealed((_, honest) => ({ note: forged(honest, { seed: 9, size: 9999, generation: 2 }) })),
  },
  {
    name: 'a seal whose run nobody signed',
    code: 'head',
    make: sealed((seal) => ({
      run: { ...(seal.run as object), head: flippedBase64((seal.run as { head: string }).head, 150) },
    })),
  },
];

function sealed(change: (seal: Record<string, unknown>, honest: Honest) => object) {
  return async (honest: Honest) => {
    const seal = JSON.parse(honest.whole.member('seal.json').toString());
    return zipped(await honest.whole.with({ 'seal.json': JSON.stringify({ ...seal, ...change(seal, honest) }) }));
  };
}

/** Whoever has every key but those of the gateways, and builds the log anew. */
const REBUILT: Mutation[] = [
  {
    name: 'events that a gateway made, and the log never got',
    code: 'hole',
    make: built((log, { epochs }) => {
      log.skip(epochs[2]!, 2);
      log.record(epochs[2]!, [alive]);
    }),
  },
  {
    name: 'a run that was dropped before the tree was built',
    code: 'hole',
    make: built((log) => renumber(log, (run) => run !== log.runs[20])),
  },
  {
    name: 'the end of a gateway’s run cut off',
    code: 'cut-tail',
    make: built((log, { epochs }) => {
      log.skip(epochs[2]!, 4);
      log.begin('gateway-1');
    }),
  },
  {
    name: 'a whole run of a gateway left out',
    code: 'cut-tail',
    make: built((log) => {
      const epoch = log.begin('gateway-1');
      log.begin('gateway-1');
      renumber(log, (run) => run.events[0]!.epoch !== epoch);
    }),
  },
  {
    name: 'a gateway that goes on from another history',
    code: 'chain',
    make: built((log, { epochs }) => {
      log.breakChain(epochs[2]!);
      log.record(epochs[2]!, [alive]);
    }),
  },
  {
    name: 'a generation more, which nothing explains',
    code: 'restore',
    make: built((log) => {
      renumber(log, () => true);
      log.generation = 3;
    }),
  },
  {
    name: 'a run recorded twice',
    code: 'fork',
    make: built((log) => {
      log.runs.push({ ...log.runs[20]!, first: log.size });
      renumber(log, () => true);
    }),
  },
  {
    name: 'an event of a gateway rewritten, with all hashes made anew',
    code: 'head',
    make: built((log) => rewrite(log, 30)),
  },
];

/** Takes runs out, and gives what is left the positions that follow. */
export function renumber(log: EvidenceLog, keeps: (run: EvidenceLog['runs'][number]) => boolean): void {
  let first = 0;
  log.runs = log.runs.filter(keeps).map((run) => {
    const moved = { ...run, first, events: run.events.map((event, at) => ({ ...event, position: first + at })) };
    first += run.events.length;
    return moved;
  });
  resign(log);
}

/** Whoever rewrites has no use for checkpoints that contradict him. */
function resign(log: EvidenceLog): void {
  log.checkpoints = [];
  log.generation = 1;
  log.quarantined = log.events
    .filter(({ event }) => !event)
    .map(({ position }) => ({ position, reason: 'EVENT_INVALID: not an event' }));
}

/** Changes the event at a position, and every hash that follows from it; only the signatures of gateways stay. */
export function rewrite(log: EvidenceLog, position: number): void {
  log.rewrite(position, (bytes) => Buffer.from(bytes.toString('utf8').replace('"time":"2026', '"time":"2025')));
  resign(log);
}

const BROUGHT: Mutation[] = [
  {
    name: 'a checkpoint from elsewhere over another tree',
    code: 'checkpoint-fork',
    make: ({ whole }) => zipped(whole),
    brings: (honest) => ({ checkpoints: [forged(honest, { size: 77 })] }),
  },
  {
    name: 'a checkpoint from elsewhere of a size that is in the bundle',
    code: 'checkpoint-fork',
    make: ({ part }) => zipped(part),
    brings: (honest) => ({ checkpoints: [forged(honest, { size: Number(honest.notes[1]!.split('\n')[1]) })] }),
  },
  {
    name: 'a checkpoint from elsewhere of another log',
    code: 'held-checkpoint',
    make: ({ whole }) => zipped(whole),
    brings: ({ other }) => ({ checkpoints: [JSON.parse(other.lines('checkpoints.ndjson')[0]!).note] }),
  },
  {
    name: 'a checkpoint from elsewhere that no listed key signed',
    code: 'held-checkpoint',
    make: ({ whole }) => zipped(whole),
    brings: (honest) => ({ checkpoints: [forged(honest, { seed: 9 })] }),
  },
  {
    name: 'the key of somebody else',
    code: 'untrusted-key',
    make: ({ whole }) => zipped(whole),
    brings: () => ({ keys: ['f'.repeat(64)] }),
  },
  {
    name: 'something that is no key',
    code: 'key',
    make: ({ whole }) => zipped(whole),
    brings: () => ({ keys: ['secret'] }),
  },
];

export const MUTATIONS: readonly Mutation[] = [
  ...CHANGED_BYTES,
  ...ZIP,
  ...EVENTS,
  ...RUNS,
  ...TILES,
  ...CHECKPOINTS,
  ...KEYS,
  ...STATEMENTS,
  ...MANIFEST,
  ...SEAL,
  ...REBUILT,
  ...BROUGHT,
];

/** Ways to zip that change nothing. */
export const HARMLESS: readonly { name: string; make(honest: Honest): Promise<Buffer> | Buffer }[] = [
  { name: 'as the product zips it', make: ({ whole }) => whole.zip() },
  { name: 'a part of the log', make: ({ part }) => part.zip() },
  { name: 'one session', make: ({ session }) => session.zip() },
  {
    name: 'packed otherwise',
    make: rezipped({ 'events.ndjson': { packed: undefined as never, method: 0 }, 'runs.ndjson': { method: 0 } }),
  },
  {
    name: 'with sizes behind the bytes',
    make: ({ whole }) => writeZip(MEMBERS.map((name) => ({ name, bytes: whole.member(name), isStreamed: true }))),
  },
  {
    name: 'with sizes of 64 bits',
    make: ({ whole }) =>
      writeZip(
        MEMBERS.map((name) => ({ name, bytes: whole.member(name), isWide: true })),
        { isWide: true },
      ),
  },
  {
    name: 'with sizes of 64 bits behind the bytes',
    make: ({ whole }) =>
      writeZip(MEMBERS.map((name) => ({ name, bytes: whole.member(name), isWide: true, isStreamed: true }))),
  },
];
