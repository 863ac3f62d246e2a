// Runs the fault suite against the real processes, and writes what it found into faults.json and faults.md.
//
//   npm run faults                                   every case once, then the sabotaged builds
//   npm run faults -- --seed 7                       the same with other dice
//   npm run faults -- --minutes 20 [--seed 7]        cases in random order, each with a seed of its own, until the time is up
//   npm run faults -- --only 'redis: '               cases whose `group: name` contains this; no sabotaged builds
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

const root = new URL('..', import.meta.url).pathname;
const { values } = parseArgs({
  options: { seed: { type: 'string' }, minutes: { type: 'string' }, only: { type: 'string' } },
});
const seed = number('seed', values.seed) ?? 1;
const minutes = number('minutes', values.minutes);

function number(name, text) {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (!Number.isFinite(value) || value < 0) {
    process.stderr.write(`faults: --${name} must be a number, not '${text}'\n`);
    process.exit(2);
  }
  return value;
}

const folder = mkdtempSync(join(tmpdir(), 'affidavit-faults-'));
const results = join(folder, 'results.jsonl');

/** One run of Jest over a spec. What the cases counted is appended to the results file. */
function jest(spec, env) {
  // A connection that a fault left half open must not keep the report waiting.
  const args = ['--experimental-vm-modules', '--no-warnings', 'node_modules/jest/bin/jest.js', spec, '--forceExit'];
  const child = spawn(process.execPath, args, {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, TEST_FAULTS: 'all', TEST_FAULTS_RESULTS: results, ...env },
  });
  return new Promise((resolve) => child.once('close', (code) => resolve(code === 0)));
}

function readResults() {
  if (!existsSync(results)) return [];
  return readFileSync(results, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));
}

async function runAll() {
  execFileSync(process.execPath, ['scripts/build.mjs'], { cwd: root, stdio: 'inherit' });
  const env = {
    TEST_FAULTS_SEED: String(seed),
    ...(values.only ? { TEST_FAULTS_ONLY: values.only } : {}),
    ...(minutes === undefined ? {} : { TEST_FAULTS_MINUTES: String(minutes) }),
  };
  const isPart = minutes !== undefined || Boolean(values.only);
  const all = async () => {
    const isGreen = await jest('test/faults/faults.spec.ts', env);
    if (isPart) return isGreen;
    return (await jest('test/faults/sabotage.spec.ts', env)) && isGreen;
  };
  if (isPart) return all();
  // Most of a case is waiting: two worlds side by side take two thirds of the time. Whoever is free takes the next one.
  env.TEST_FAULTS_CLAIMS = folder;
  return (await Promise.all([all(), all()])).every(Boolean);
}

function report(isGreen, startedAt) {
  const commit = execFileSync('git', ['rev-parse', '--short', 'HEAD'], { cwd: root, encoding: 'utf8' }).trim();
  const isClean = execFileSync('git', ['status', '--porcelain'], { cwd: root, encoding: 'utf8' }).trim() === '';
  const cases = readResults();
  const facts = {
    commit: isClean ? commit : `${commit} with changes`,
    at: new Date(startedAt).toISOString(),
    seconds: Math.round((Date.now() - startedAt) / 1000),
    isGreen,
    cases,
  };
  writeFileSync(join(root, 'faults.json'), `${JSON.stringify(facts, null, 2)}\n`);
  writeFileSync(join(root, 'faults.md'), pageOf(facts));
  const red = cases.filter((one) => !one.isGreen).length;
  process.stdout.write(`\n${cases.length} runs, ${red} red, ${facts.seconds} s: faults.md, faults.json\n`);
}

function pageOf({ commit, at, seconds, isGreen, cases }) {
  const cells = (values) => `| ${values.map((value) => value ?? '').join(' | ')} |`;
  const ran = cases.filter((one) => one.group !== 'sabotage');
  const sabotaged = cases.filter((one) => one.group === 'sabotage');
  const lines = [
    '# Faults',
    '',
    `Commit ${commit}, ${at}, ${seconds} s. ${isGreen ? 'All invariants held.' : 'NOT all invariants held.'}`,
    '',
    'Sent: commands that clients tried. Executed: those that the target really did. Recorded and delivered: events. Duplicate: copies at',
    'Datadog beyond the first, each marked as a later attempt. Lost: executed commands without their event.',
    '',
    cells(['fault', 'seed', 'sent', 'executed', 'recorded', 'delivered', 'duplicate', 'lost', 'seconds', 'result']),
    cells(['---', '---:', '---:', '---:', '---:', '---:', '---:', '---:', '---:', '---']),
    ...ran.map((one) =>
      cells([
        `${one.group}: ${one.name}`,
        one.seed,
        one.sent,
        one.executed,
        one.recorded,
        one.delivered,
        one.duplicates,
        one.lost,
        Math.round(one.ms / 1000),
        one.isGreen ? 'green' : 'RED',
      ]),
    ),
  ];
  for (const one of ran.filter((each) => !each.isGreen)) {
    lines.push(
      '',
      `## RED: ${one.group}: ${one.name}, seed ${one.seed}`,
      '',
      '```',
      one.why ?? 'no reason given',
      '```',
    );
  }
  if (sabotaged.length > 0) {
    lines.push(
      '',
      '## Sabotaged builds',
      '',
      'Each must be noticed by the case named.',
      '',
      cells(['sabotage', 'case', 'seconds', 'result']),
      cells(['---', '---', '---:', '---']),
      ...sabotaged.map((one) =>
        cells([one.name, one.case, Math.round(one.ms / 1000), one.isGreen ? 'noticed' : 'NOT NOTICED']),
      ),
    );
  }
  return `${lines.join('\n')}\n`;
}

const startedAt = Date.now();
let isGreen = false;
try {
  isGreen = await runAll();
  // Nothing ran: no case has that name, and no promise was tried.
  if (readResults().length === 0) isGreen = false;
  report(isGreen, startedAt);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
process.exit(isGreen ? 0 : 1);
