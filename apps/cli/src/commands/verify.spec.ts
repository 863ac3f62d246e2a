import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { EvidenceReport } from '#ledger';
import { MEMBERS, verifyBundle } from '#ledger';
import { HARMLESS, type Honest, honestBundles, MUTATIONS } from '../../../../test/evidence/mutations.js';
import { sampleLog } from '../../../../test/evidence/sample-log.js';
import { CommandLine } from '../../../../test/support/command-line.js';
import { sourceOf } from '../../../../test/support/evidence-maker.js';
import { writeZip } from '../../../../test/support/zip-writer.js';

/** The built command line over files; nothing else is there, and no port answers. */
describe('affidavit verify', () => {
  let honest: Honest;
  let cli: CommandLine;

  beforeAll(async () => {
    honest = await honestBundles();
    cli = await CommandLine.start();
    mkdirSync(cli.folder.path, { recursive: true });
  });
  afterAll(() => cli.close());

  function file(name: string, content: Uint8Array | string): string {
    const path = join(cli.folder.path, name);
    writeFileSync(path, content);
    return path;
  }

  it('says of a clean bundle that it is valid, what is proven, and what is not', async () => {
    const bundle = file('bundle.zip', await honest.whole.zip());
    const { code, stdout, stderr } = await cli.run(['verify', bundle]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout.split('\n')[0]).toMatch(/^✓ VALID/);
    for (const title of ['Proven', 'Not proven', 'Remarks']) expect(stdout).toContain(`\n${title}\n`);
    expect(stdout).not.toContain('Problems');
    expect(cli.asked).toEqual([]);
  });

  it('compares keys and checkpoints that are brought', async () => {
    const bundle = file('bundle.zip', await honest.whole.zip());
    const held = file('checkpoint', honest.notes[2]!);
    const { code, stdout } = await cli.run(['verify', bundle, '--checkpoint', held]);
    expect(code).toBe(0);
    expect(stdout).toContain('1 checkpoints that you hold agree');
    const foreign = await cli.run(['verify', bundle, '--key', 'f'.repeat(64)]);
    expect(foreign.code).toBe(1);
    expect(foreign.stdout).toContain('untrusted-key');
  });

  it('says at once what it cannot use', async () => {
    const bundle = file('bundle.zip', await honest.whole.zip());
    for (const args of [[], ['nowhere.zip'], [bundle, '--key', 'secret'], [bundle, '--checkpoint', 'nowhere']]) {
      expect((await cli.run(['verify', ...args])).code).toBe(2);
    }
  });

  it('shows nothing that a terminal obeys', async () => {
    const evil = await honest.whole.with({}, 'sealed', (own) => ({
      ...own,
      findings: [{ code: 'x', message: '\u001b[2J\u202e' }],
    }));
    const bundle = file('bundle.zip', await evil.zip());
    for (const args of [[], ['--json']])
      expect((await cli.run(['verify', bundle, ...args])).stdout).not.toMatch(/[\u001b\u202e]/);
  });

  it('answers as the library does', async () => {
    // Some of each kind: every one of the table is held against the library itself.
    const some = MUTATIONS.filter((mutation, at) => at % 12 === 0 && !mutation.brings);
    for (const { make } of [...HARMLESS.slice(0, 2), ...some]) {
      const bytes = await make(honest);
      const { code, stdout } = await cli.run(['verify', file('bundle.zip', bytes), '--json']);
      const report: EvidenceReport = await verifyBundle(sourceOf(bytes));
      expect(JSON.parse(stdout)).toEqual(JSON.parse(JSON.stringify(report)));
      expect(code).toBe(report.verdict === 'valid' ? 0 : 1);
    }
  });

  it('answers the same from several threads, which larger bundles get', async () => {
    const { log } = await sampleLog(500);
    const bundle = await log.bundle();
    const lines = bundle.lines('events.ndjson');
    const lacking = lines.filter((_, at) => at !== 600).map((line) => `${line}\n`);
    const readme = 'for people\n'.repeat(500_000);
    for (const events of [bundle.member('events.ndjson'), lacking.join('')]) {
      const large = await bundle.with({ 'README.txt': readme, 'events.ndjson': events }, 'sealed');
      const bytes = writeZip(MEMBERS.map((name) => ({ name, bytes: large.member(name), method: 0 })));
      const { code, stdout } = await cli.run(['verify', file('bundle.zip', bytes), '--json']);
      const report = await verifyBundle(sourceOf(bytes));
      expect(JSON.parse(stdout)).toEqual(JSON.parse(JSON.stringify(report)));
      expect(code).toBe(events === bundle.member('events.ndjson') ? 0 : 1);
    }
  });
});
