import type { EvidenceReport, EvidenceSummary } from '#ledger';
import { colours, plain } from '../output.js';
import { grouped } from '../progress.js';

/** The report for people: the verdict first, then what is proven, what is not, and what else there is to know. */
export function reportText(file: string, report: EvidenceReport): string {
  const { verdict, problems, problemCount, remarks, proven, notProven, summary } = report;
  const isValid = verdict === 'valid';
  const head = isValid
    ? colours.green(`✓ VALID  ${plain(file)} holds what was recorded`)
    : colours.red(`✗ INVALID  ${plain(file)}: ${grouped(problemCount)} ${problemCount === 1 ? 'problem' : 'problems'}`);
  const unlisted = problemCount - problems.length;
  return [
    colours.bold(head),
    ...summaryLines(summary),
    ...part(
      'Problems',
      problems.map(({ code, message, where }) => `${code}: ${plain(message)} (${plain(where)})`),
    ),
    ...(unlisted > 0 ? [`  … and ${grouped(unlisted)} more`] : []),
    ...part('Proven', proven.map(plain)),
    ...part('Not proven', notProven.map(plain)),
    ...part(
      'Remarks',
      remarks.map(({ code, message }) => `${code}: ${plain(message)}`),
    ),
  ].join('\n');
}

function part(title: string, all: readonly string[]): string[] {
  return all.length === 0 ? [] : ['', colours.bold(title), ...all.map((one) => `  · ${one}`)];
}

function summaryLines({ log, generation, from, to, events, sessions, size, root, madeAt }: EvidenceSummary): string[] {
  if (log === undefined) return [];
  return [
    `  log ${plain(log)}, generation ${generation}, positions ${from} up to ${to}, made ${madeAt}`,
    `  ${grouped(events ?? 0)} events, ${grouped(sessions ?? 0)} sessions, against the checkpoint of size ${size}, root ${root}`,
  ];
}
