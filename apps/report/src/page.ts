import { doJob } from '../../../libs/ledger/src/evidence/jobs.js';
import { parseTrustedKey } from '../../../libs/ledger/src/evidence/keys.js';
import type { EvidenceReport } from '../../../libs/ledger/src/evidence/report.js';
import { verifyBundle } from '../../../libs/ledger/src/evidence/verify.js';

// The page of a bundle: whoever opens it from disk picks the bundle that it came in, and sees what the command line would say. All text
// from a bundle is set as text, never as markup; the page may not reach a network, whatever it holds.

/** How often the page is drawn while it works. */
const DRAW_MS = 50;

function element<T extends HTMLElement>(id: string): T {
  return document.getElementById(id) as T;
}

function make(tag: string, text: string, className = ''): HTMLElement {
  const made = document.createElement(tag);
  made.textContent = visible(text);
  if (className) made.className = className;
  return made;
}

/** Characters that hide or turn around what stands beside them are spelled out. */
function visible(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (character) =>
    character === '\n' ? ' ' : `\\u${character.codePointAt(0)!.toString(16).padStart(4, '0')}`,
  );
}

function list(title: string, all: readonly string[]): HTMLElement[] {
  if (all.length === 0) return [];
  const items = document.createElement('ul');
  items.append(...all.map((one) => make('li', one)));
  return [make('h2', title), items];
}

function shown(name: string, report: EvidenceReport): HTMLElement[] {
  const { verdict, problems, problemCount, remarks, proven, notProven, summary } = report;
  const isValid = verdict === 'valid';
  const verdictText = isValid
    ? `✓ Valid: ${name} holds what was recorded`
    : `✗ Invalid: ${name} has ${problemCount} ${problemCount === 1 ? 'problem' : 'problems'}`;
  const facts = Object.entries(summary).map(([key, value]) => `${key}: ${value}`);
  const unlisted = problemCount - problems.length;
  return [
    make('p', verdictText, `verdict ${verdict}`),
    ...list('Problems', [
      ...problems.map(({ code, message, where }) => `${code}: ${message} (${where})`),
      ...(unlisted > 0 ? [`… and ${unlisted} more`] : []),
    ]),
    ...list('Proven', proven),
    ...list('Not proven', notProven),
    ...list(
      'Remarks',
      remarks.map(({ code, message }) => `${code}: ${message}`),
    ),
    ...list('What it is about', facts),
  ];
}

/** What the auditor typed, one a line, or apart by an empty line. */
function typed(id: string, separator: RegExp): string[] {
  return element<HTMLTextAreaElement>(id)
    .value.split(separator)
    .map((text) => text.trim())
    .filter(Boolean);
}

/** Gives the browser the time to draw and to hear of clicks. */
function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}

let running: AbortController | undefined;

async function check(file: File): Promise<void> {
  running?.abort(new Error('another bundle was picked'));
  const own = new AbortController();
  running = own;
  const result = element('result');
  const progress = element<HTMLProgressElement>('progress');
  result.replaceChildren(make('p', `Checking ${file.name} …`));
  progress.hidden = false;
  let drawnAt = performance.now();
  const report = await verifyBundle(
    {
      size: file.size,
      read: async (from, to) => new Uint8Array(await file.slice(from, to).arrayBuffer()),
    },
    {
      keys: typed('keys', /\s+/),
      // A note ends in a newline, which is part of it.
      checkpoints: typed('checkpoints', /\n(?=affidavit\/)/).map((note) => `${note}\n`),
      signal: own.signal,
      worker: async (job) => {
        if (performance.now() - drawnAt > DRAW_MS) {
          await pause();
          drawnAt = performance.now();
        }
        return doJob(job);
      },
      onProgress: (done, total) => {
        progress.max = total;
        progress.value = done;
      },
    },
  );
  if (running !== own) return;
  progress.hidden = true;
  document.body.dataset.verdict = report.verdict;
  result.replaceChildren(...shown(file.name, report));
  result.dataset.report = JSON.stringify(report);
}

function begin(file: File | undefined): void {
  const wrong = typed('keys', /\s+/).find((key) => !parseTrustedKey(key));
  if (wrong !== undefined) element('result').replaceChildren(make('p', `${wrong} is no key.`));
  else if (file) void check(file);
}

const input = element<HTMLInputElement>('bundle');
input.addEventListener('change', () => begin(input.files?.[0]));
document.addEventListener('dragover', (event) => event.preventDefault());
document.addEventListener('drop', (event) => {
  event.preventDefault();
  begin(event.dataTransfer?.files[0]);
});
element('again').addEventListener('click', () => begin(input.files?.[0]));
