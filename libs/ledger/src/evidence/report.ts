/** What can be wrong with a bundle. docs/evidence-format.md says of each when it is found. */
export const PROBLEM_CODES = [
  // The ZIP file.
  'zip-end',
  'zip-directory',
  'zip-name',
  'zip-link',
  'zip-flags',
  'zip-method',
  'zip-header',
  'zip-layout',
  'zip-data',
  'zip-size',
  'zip-crc',
  'too-large',
  // Its members.
  'malformed',
  'manifest-members',
  'manifest-digest',
  'manifest-count',
  'finding',
  // Checkpoints and keys.
  'checkpoint-signature',
  'checkpoint-log',
  'checkpoint-order',
  'checkpoint-fork',
  'checkpoint-proof',
  'restore',
  'anchor',
  'key',
  'key-statement',
  'untrusted-key',
  'held-checkpoint',
  // Runs, chains and the tree.
  'run-order',
  'run-form',
  'head',
  'chain',
  'hole',
  'fork',
  'cut-tail',
  'missing',
  'tile-set',
  'tile-leaf',
  'tile-parent',
  'tile-root',
  // Events, and what is told of them.
  'altered',
  'foreign',
  'doubled',
  'order',
  'scope',
  'sessions',
  'seal',
  // The check itself.
  'unfinished',
] as const;
export type ProblemCode = (typeof PROBLEM_CODES)[number];

export interface Problem {
  code: ProblemCode;
  /** What was found, with values: a sentence for the auditor. */
  message: string;
  /** Member, line, position: where to look. */
  where: string;
}

/** Something that is no fault, and that whoever relies on the bundle must know. */
export interface Remark {
  code: string;
  message: string;
}

/** What a bundle says it is about; members are absent where the check did not come so far. */
export interface EvidenceSummary {
  log?: string;
  generation?: number;
  /** Positions; `to` is exclusive. */
  from?: string;
  to?: string;
  events?: number;
  sessions?: number;
  /** Of the anchor: the tree that all of it was checked against. */
  size?: number;
  /** Hexadecimal. */
  root?: string;
  madeAt?: string;
}

export interface EvidenceReport {
  verdict: 'valid' | 'invalid';
  /** The first hundred, and no more than the first 25 of a kind. */
  problems: Problem[];
  /** How many there are. */
  problemCount: number;
  remarks: Remark[];
  proven: string[];
  notProven: string[];
  summary: EvidenceSummary;
}

/** Ends a part of the check: nothing that follows in it could be told from nonsense. Becomes a problem of the report. */
export class Fault extends Error {
  constructor(
    readonly code: ProblemCode,
    message: string,
    readonly where: string,
  ) {
    super(message);
  }
}

const MAX_LISTED = 100;
/** Of one kind: the others must not be crowded out. */
const MAX_LISTED_ALIKE = 25;
/** Remarks of one kind that are listed; the number of the others is said. */
const MAX_ALIKE = 20;

/** Gathers what a check finds. */
export class Findings {
  readonly problems: Problem[] = [];
  problemCount = 0;
  private readonly listed = new Map<ProblemCode, number>();
  private readonly said = new Map<string, { listed: Remark[]; count: number }>();

  problem(code: ProblemCode, message: string, where: string): void {
    this.problemCount += 1;
    const alike = this.listed.get(code) ?? 0;
    if (this.problems.length >= MAX_LISTED || alike >= MAX_LISTED_ALIKE) return;
    this.listed.set(code, alike + 1);
    this.problems.push({ code, message, where });
  }

  remark(code: string, message: string): void {
    const alike = this.said.get(code) ?? { listed: [], count: 0 };
    this.said.set(code, alike);
    alike.count += 1;
    if (alike.listed.length < MAX_ALIKE) alike.listed.push({ code, message });
  }

  /** How many remarks of a kind there are. */
  remarked(code: string): number {
    return this.said.get(code)?.count ?? 0;
  }

  get remarks(): Remark[] {
    return [...this.said].flatMap(([code, { listed, count }]) => {
      const rest = count - listed.length;
      return rest === 0 ? listed : [...listed, { code, message: `… and ${rest} more of this kind` }];
    });
  }

  /** Whatever was thrown, as a problem. */
  thrown(error: unknown, where: string): void {
    if (error instanceof Fault) this.problem(error.code, error.message, error.where);
    else
      this.problem(
        'unfinished',
        `the check could not go on: ${error instanceof Error ? error.message : String(error)}`,
        where,
      );
  }
}
