import { instantOfMicros, microsOfInstant } from '#events';
import { sha256 } from '../chain.js';
import { HASH_BYTES } from '../merkle.js';
import { isEqual, isEqualAt } from '../proofs.js';
import { canonicalValue, textOf } from './form.js';
import { type QuarantinedLine, quarantinedLineForm, type Scope } from './format.js';
import type { CheckedEvents, JobResults, Told } from './jobs.js';
import { lineChunks, linesOf } from './lines.js';
import type { Findings } from './report.js';
import type { CheckedRun } from './run-lines.js';
import type { RunChecker } from './runs.js';
import { missingCommands, SessionFold, type SessionPart } from './sessions.js';

// Contents in brief: leaves and lines are walked side by side, both in the order of positions. An event's place follows from its id, through
// the runs; its bytes must be those that the leaf at that place names. A leaf without an event is purged, withheld, or missing.

interface EpochRuns {
  node: string;
  firstSeqs: number[];
  firsts: number[];
  counts: number[];
  /** In which of them the event was that was asked for last. */
  lately: number;
}

function isWithin({ firstSeqs, counts }: EpochRuns, run: number, seq: number): boolean {
  const offset = seq - firstSeqs[run]!;
  return offset >= 0 && offset < counts[run]!;
}

/** Where the events of an epoch stand in the log. */
export class RunIndex {
  private readonly epochs = new Map<string, EpochRuns>();

  /** @param run in the order of positions */
  add({ epoch, node, firstSeq, first, count }: CheckedRun): void {
    let known = this.epochs.get(epoch);
    if (!known) {
      known = { node, firstSeqs: [], firsts: [], counts: [], lately: 0 };
      this.epochs.set(epoch, known);
    }
    known.firstSeqs.push(firstSeq);
    known.firsts.push(first);
    known.counts.push(count);
  }

  /** Undefined where no run has it. */
  positionOf(node: string, epoch: string, seq: number): number | undefined {
    const known = this.epochs.get(epoch);
    if (known?.node !== node) return undefined;
    // Mostly where the one before it was.
    if (!isWithin(known, known.lately, seq)) {
      let low = 0;
      let high = known.firstSeqs.length;
      while (high - low > 1) {
        const middle = (low + high) >> 1;
        if (known.firstSeqs[middle]! <= seq) low = middle;
        else high = middle;
      }
      if (!isWithin(known, low, seq)) return undefined;
      known.lately = low;
    }
    return known.firsts[known.lately]! + seq - known.firstSeqs[known.lately]!;
  }
}

/** What an event in the bundle tells, once its bytes were found to be the recorded ones. */
export interface ToldAt {
  told: Told;
  position: number;
  node: string;
  id: string;
}

/** The lines of a member of events, each with its place; those that have none, or stand in the wrong one, are told and passed over. */
class PlacedEvents {
  /** Position of the line it stands at; Infinity behind the last. */
  position = -1;
  count = 0;
  /** Of the chunk: position of each line that has its place. */
  places = new Float64Array();
  private chunk: CheckedEvents | undefined;
  private line = -1;
  private told = 0;
  /** Lines at which a session begins or ends. */
  private marks = new Map<number, 'opened' | 'closed'>();

  constructor(
    private readonly name: string,
    private readonly source: AsyncIterator<CheckedEvents, void, void>,
    private readonly index: RunIndex,
    private readonly findings: Findings,
    private readonly onChunk: (chunk: CheckedEvents, places: Float64Array) => void,
  ) {}

  /** Whether the line has this SHA-256. @param at where it stands among others */
  hasHash(hashes: Uint8Array, at: number): boolean {
    return isEqualAt(this.chunk!.hashes, this.line * HASH_BYTES, hashes, at, HASH_BYTES);
  }

  get producer(): { node: string; epoch: string } {
    return this.chunk!.producers[this.chunk!.producerOf[this.line]!]!;
  }

  get seq(): number {
    return this.chunk!.seqs[this.line]!;
  }

  get markHere(): 'opened' | 'closed' | undefined {
    return this.marks.get(this.line);
  }

  get where(): string {
    return `${this.name}, line ${this.chunk!.firstLine + this.line}`;
  }

  get toldHere(): Told | undefined {
    const { told } = this.chunk!;
    while (this.told < told.length && told[this.told]!.line < this.line) this.told += 1;
    const next = told[this.told];
    return next?.line === this.line ? next.told : undefined;
  }

  /** Goes to the next line that has its place. @returns false at the end of what was read: call {@link load} */
  step(): boolean {
    const chunk = this.chunk;
    if (!chunk) return false;
    while (++this.line < chunk.count) {
      const producer = chunk.producers[chunk.producerOf[this.line]!];
      const position = producer && this.index.positionOf(producer.node, producer.epoch, chunk.seqs[this.line]!);
      if (position === undefined) {
        const id = producer
          ? `event ${chunk.seqs[this.line]} of epoch ${producer.epoch} of node ${producer.node}`
          : 'what stands here';
        this.findings.problem('foreign', `${id} is not in the log, as the runs have it`, this.where);
      } else if (position <= this.position) {
        const code = position === this.position ? 'doubled' : 'order';
        this.findings.problem(
          code,
          `the event at position ${position} comes after the one at ${this.position}`,
          this.where,
        );
      } else {
        this.position = position;
        this.places[this.line] = position;
        return true;
      }
    }
    return false;
  }

  /** Reads on until a line has its place, or there is none left. */
  async load(): Promise<void> {
    do {
      if (this.chunk) this.onChunk(this.chunk, this.places);
      const { value } = await this.source.next();
      if (!value) {
        this.chunk = undefined;
        this.position = Number.POSITIVE_INFINITY;
        return;
      }
      this.chunk = value;
      this.count += value.count;
      this.places = new Float64Array(value.count).fill(-1);
      this.line = -1;
      this.told = 0;
      this.marks = new Map();
      for (const { opened, closed } of value.sessions) {
        if (opened !== null) this.marks.set(opened, 'opened');
        if (closed !== null) this.marks.set(closed, 'closed');
      }
    } while (!this.step());
  }
}

/** The lines of quarantined.ndjson, in the order of positions. */
class Quarantined {
  position = -1;
  count = 0;
  private current: QuarantinedLine | undefined;

  constructor(
    private readonly source: AsyncIterator<QuarantinedLine, void, void>,
    private readonly findings: Findings,
  ) {}

  get hash(): Uint8Array {
    return sha256(this.current!.body);
  }

  get where(): string {
    return `quarantined.ndjson, line ${this.count}`;
  }

  async next(): Promise<void> {
    for (;;) {
      const { value } = await this.source.next();
      if (!value) {
        this.position = Number.POSITIVE_INFINITY;
        return;
      }
      this.count += 1;
      if (value.position > this.position) {
        this.current = value;
        this.position = value.position;
        return;
      }
      this.findings.problem('order', `position ${value.position} comes after ${this.position}`, this.where);
    }
  }

  /** What lies before a position belongs to no leaf. */
  async passUpTo(position: number): Promise<void> {
    while (this.position < position) {
      this.findings.problem('foreign', `position ${this.position} is in no run`, this.where);
      await this.next();
    }
  }
}

async function* quarantinedLines(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<QuarantinedLine, void, void> {
  for await (const chunk of lineChunks(bytes, 'quarantined.ndjson')) {
    let line = chunk.firstLine;
    for (const one of linesOf(chunk.bytes)) {
      const where = `quarantined.ndjson, line ${line++}`;
      yield quarantinedLineForm(canonicalValue(textOf(one, where), where), where);
    }
  }
}

interface Purge {
  /** As the record wrote them. */
  key: string;
  fromUs: bigint;
  toUs: bigint;
  count: number;
}

/** Leaves of one class and time that have no event, at adjoining positions. */
interface Absent {
  class: string;
  recordedAtUs: bigint;
  first: number;
  last: number;
}

/** Tells purged leaves from missing ones. */
class Absences {
  /** By class. */
  private readonly purges = new Map<string, Purge[]>();
  private readonly open: Absent[] = [];
  private withheld = 0;

  constructor(private readonly findings: Findings) {}

  /** What the record says it purged. */
  purged({ class: name, from, to }: Told & { type: 'retention.purged' }): void {
    const key = `${from} ${to}`;
    const known = this.purges.get(name) ?? [];
    this.purges.set(name, known);
    if (known.some((one) => one.key === key)) return;
    known.push({ key, fromUs: microsOfInstant(from), toUs: microsOfInstant(to), count: 0 });
  }

  add(name: string, recordedAtUs: bigint, position: number): void {
    const last = this.open.at(-1);
    if (last?.last === position - 1 && last.class === name && last.recordedAtUs === recordedAtUs) {
      last.last = position;
      return;
    }
    // Most purges are known before the walk: what they cover is counted, and need not be kept.
    if (last && this.isPurged(last)) this.open.pop();
    this.open.push({ class: name, recordedAtUs, first: position, last: position });
  }

  withhold(): void {
    this.withheld += 1;
  }

  finish(): void {
    for (const absent of this.open) {
      if (this.isPurged(absent)) continue;
      const { class: name, recordedAtUs, first, last } = absent;
      const range = first === last ? `position ${first}` : `positions ${first}–${last}`;
      const what = `${last - first + 1} events of class ${name}, recorded at ${instantOfMicros(recordedAtUs)}, are not there, and no purge is recorded`;
      this.findings.problem('missing', what, range);
    }
    const all = [...this.purges].flatMap(([name, purges]) => purges.map((purge) => ({ name, ...purge })));
    for (const { name, fromUs, toUs, count } of all) {
      if (count === 0) continue;
      const when = `recorded from ${instantOfMicros(fromUs)} up to ${instantOfMicros(toUs)}`;
      this.findings.remark(
        'purged',
        `${count} events of class ${name}, ${when}, were purged, as the record itself says`,
      );
    }
    if (this.withheld > 0) {
      this.findings.remark(
        'withheld',
        `${this.withheld} events lie beyond the limits of whoever asked: of them only the leaf is here`,
      );
    }
  }

  private isPurged({ class: name, recordedAtUs, first, last }: Absent): boolean {
    for (const purge of this.purges.get(name) ?? []) {
      if (recordedAtUs < purge.fromUs || recordedAtUs >= purge.toUs) continue;
      purge.count += last - first + 1;
      return true;
    }
    return false;
  }
}

/** How many of an epoch's events are there, at the beginning and at the end of a session. */
interface Span {
  epoch: string;
  seq: number;
  seen: number;
}

export interface ContentsInput {
  scope: Scope;
  index: RunIndex;
  runs: RunChecker;
  findings: Findings;
  leaves: AsyncIterable<JobResults['leaves']>;
  events: AsyncIterator<CheckedEvents, void, void>;
  supporting: AsyncIterator<CheckedEvents, void, void>;
  quarantined: AsyncIterable<Uint8Array>;
  /** Purges that are told in supporting.ndjson; each is checked when its line is come to. */
  expected: readonly Told[];
}

export interface Contents {
  events: number;
  supporting: number;
  quarantined: number;
  sessions: SessionFold;
  told: ToldAt[];
}

/** Holds every event against its leaf, and every leaf against its event. */
export async function checkContents(input: ContentsInput): Promise<Contents> {
  return new Walk(input).walk();
}

class Walk {
  private readonly events: PlacedEvents;
  private readonly supporting: PlacedEvents;
  private readonly quarantined: Quarantined;
  private readonly absences: Absences;
  private readonly sessions = new SessionFold();
  private readonly told: ToldAt[] = [];
  private readonly isSelection: boolean;
  private readonly isLimited: boolean;
  /** Of each epoch: events that are there, so far. */
  private readonly seen = new Map<string, { events: number }>();
  private readonly opened = new Map<number, Span>();
  private readonly closed = new Map<number, Span>();

  constructor(private readonly input: ContentsInput) {
    const { scope, index, findings, expected } = input;
    this.isSelection = scope.kind === 'selection';
    this.isLimited = isLimited(scope);
    this.events = new PlacedEvents('events.ndjson', input.events, index, findings, (chunk, places) =>
      this.join(chunk, places),
    );
    this.supporting = new PlacedEvents('supporting.ndjson', input.supporting, index, findings, () => undefined);
    this.quarantined = new Quarantined(quarantinedLines(input.quarantined), findings);
    this.absences = new Absences(findings);
    for (const told of expected) if (told.type === 'retention.purged') this.absences.purged(told);
  }

  async walk(): Promise<Contents> {
    const { events, supporting, quarantined } = this;
    await events.load();
    await supporting.load();
    await quarantined.next();
    for await (const runs of this.input.leaves) {
      for (const run of runs) {
        await quarantined.passUpTo(run.first);
        const seen = this.seenOf(run.epoch);
        for (let at = 0; at < run.count; at++) {
          const position = run.first + at;
          let isThere = false;
          if (events.position === position) {
            isThere = true;
            this.meet(events, run, at, position);
            if (!events.step()) await events.load();
          }
          if (supporting.position === position) {
            if (isThere)
              this.input.findings.problem('doubled', `position ${position} is in events.ndjson, too`, supporting.where);
            isThere = true;
            this.meet(supporting, run, at, position);
            if (!supporting.step()) await supporting.load();
          }
          if (quarantined.position === position) {
            isThere = true;
            this.meetQuarantined(run, at, position);
            await quarantined.next();
          }
          if (isThere) seen.events += 1;
          else this.absent(run, at, position);
        }
      }
    }
    await quarantined.passUpTo(Number.POSITIVE_INFINITY);
    this.absences.finish();
    this.checkSessions();
    const { sessions, told } = this;
    return { events: events.count, supporting: supporting.count, quarantined: quarantined.count, sessions, told };
  }

  private meet(stream: PlacedEvents, run: JobResults['leaves'][number], at: number, position: number): void {
    const { findings, scope } = this.input;
    if (!stream.hasHash(run.eventHashes, at * HASH_BYTES)) {
      findings.problem('altered', `the event at position ${position} is not the recorded one`, stream.where);
      return;
    }
    const isEvents = stream === this.events;
    if (isEvents && (position < scope.from || position >= scope.to)) {
      findings.problem('scope', `position ${position} lies outside of what the bundle is about`, stream.where);
    }
    if (isEvents) this.mark(run.epoch, position);
    const told = stream.toldHere;
    if (!told) return;
    const { node, epoch } = stream.producer;
    this.tell({ told, position, node, id: `${epoch}.${stream.seq}` }, epoch);
  }

  private seenOf(epoch: string): { events: number } {
    let seen = this.seen.get(epoch);
    if (!seen) {
      seen = { events: 0 };
      this.seen.set(epoch, seen);
    }
    return seen;
  }

  private mark(epoch: string, position: number): void {
    if (!this.isSelection && !this.isLimited) return;
    const span = { epoch, seq: this.events.seq, seen: this.seenOf(epoch).events };
    const mark = this.events.markHere;
    if (mark === 'opened') this.opened.set(position, span);
    if (mark === 'closed') this.closed.set(position, span);
  }

  private tell(one: ToldAt, epoch: string): void {
    const { runs, findings } = this.input;
    const { told, node, position } = one;
    this.told.push(one);
    switch (told.type) {
      case 'retention.purged':
        this.absences.purged(told);
        break;
      case 'producer.lost':
        runs.lose(told);
        break;
      case 'producer.started':
        runs.start({ position, node, ...told.previous });
        break;
      case 'producer.stopped':
        runs.stop(epoch);
        break;
      case 'producer.forked': {
        const event = `two different events ${told.seq} of epoch ${told.epoch}`;
        findings.remark(
          'recorded-fork',
          `at position ${position} the record says that node ${told.node} showed it ${event}`,
        );
        break;
      }
      // Looked at together with the checkpoints.
      case 'log.restored':
        break;
      default:
        told satisfies never;
    }
  }

  private meetQuarantined(run: JobResults['leaves'][number], at: number, position: number): void {
    const { quarantined } = this;
    if (isEqual(quarantined.hash, run.eventHashes.subarray(at * HASH_BYTES, (at + 1) * HASH_BYTES))) return;
    this.input.findings.problem(
      'altered',
      `the bytes at position ${position} are not the recorded ones`,
      quarantined.where,
    );
  }

  private absent(run: JobResults['leaves'][number], at: number, position: number): void {
    const { scope } = this.input;
    if (this.isSelection || position < scope.from || position >= scope.to) return;
    if (this.isLimited) this.absences.withhold();
    else this.absences.add(run.classes[run.classOf[at]!]!, run.recordedAtUs, position);
  }

  /** Takes over what a chunk was folded to, with positions in the place of lines. */
  private join(chunk: CheckedEvents, places: Float64Array): void {
    for (const part of chunk.sessions) {
      const place = (line: number | null) => (line === null ? null : places[line]!);
      this.sessions.join({
        ...part,
        first: places[part.first]!,
        last: places[part.last]!,
        opened: place(part.opened),
        closed: place(part.closed),
      });
    }
  }

  private checkSessions(): void {
    const { scope, findings } = this.input;
    // Where only some types were asked for, a session's other events are not expected.
    const isWhole = scope.selection?.types === undefined;
    for (const part of this.sessions.parts.values()) {
      if (!isWhole) break;
      if (Object.keys(part.ends).length === 0) {
        findings.remark(
          'open-session',
          `the end of session ${part.session} is not here: it is open, or ended behind what the bundle is about`,
        );
      }
      for (const [from, to] of missingCommands(part)) {
        const commands = from === to ? `command ${from}` : `commands ${from} to ${to}`;
        if ((!this.isSelection && !this.isLimited) || this.isSpanWhole(part)) {
          findings.remark(
            'unrecorded-command',
            `no event tells of ${commands} of session ${part.session}, though none is missing: refused for want of room, or broken off by the client`,
          );
        } else {
          findings.problem(
            'hole',
            `no event tells of ${commands} of session ${part.session}`,
            `session ${part.session}`,
          );
        }
      }
    }
  }

  /** Every event of the epoch between the session's beginning and its end is there. */
  private isSpanWhole({ opened, closed }: SessionPart): boolean {
    const from = opened === null ? undefined : this.opened.get(opened);
    const to = closed === null ? undefined : this.closed.get(closed);
    return from !== undefined && to?.epoch === from.epoch && to.seq - from.seq === to.seen - from.seen;
  }
}

/** The key of whoever asked was limited: what lies beyond is not there, and that is no fault. */
export function isLimited({ selection }: Scope): boolean {
  return selection?.limits !== undefined && selection.limits !== null;
}
