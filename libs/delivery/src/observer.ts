import type { AnswerKind } from './answer.js';
import type { Lane } from './destination.js';
import type { DestinationState } from './ledger.js';

/** One request and what became of it. */
export interface AttemptFacts {
  destination: string;
  lane: Lane;
  batch: bigint;
  attempt: number;
  events: number;
  answer: AnswerKind;
  status?: number;
  reason?: string;
  elapsedMs: number;
  /** False where another forwarder had taken the batch over meanwhile. */
  held: boolean;
}

export type DoubtVerdict = 'observed' | 'absent' | 'partial' | 'given-up';

/** What a catch-up brought after an outage. */
export interface CatchUpFacts {
  destination: string;
  /** Positions [from, to). */
  from: bigint;
  to: bigint;
  sent: number;
  /** Of those, events that show at their receipt time: they were too old for their own. */
  late: number;
  dead: number;
}

/** Told of everything that an operator may want to see. Must not throw. */
export interface DeliveryObserver {
  attempted(facts: AttemptFacts): void;
  /** @param recordedAt of each event, RFC 3339: for the time from record to destination */
  accepted(facts: { destination: string; lane: Lane; events: number; recordedAt: readonly string[] }): void;
  /** Copies that the destination may hold beyond one of each event. */
  possibleDuplicates(facts: { destination: string; lane: Lane; events: number }): void;
  /** What became of a batch whose answer was lost. `given-up`: nobody could tell in time, so it is sent again and counted. */
  decided(facts: { destination: string; lane: Lane; batch: bigint; verdict: DoubtVerdict; events: number }): void;
  deadLetter(facts: { destination: string; position: bigint; eventId: string; reason: string }): void;
  turned(facts: { destination: string; from: DestinationState; to: DestinationState; reason?: string }): void;
  caughtUp(facts: CatchUpFacts): void;
  /** Something went wrong that is tried again by itself. */
  trouble(what: string, error: unknown): void;
}

export const SILENT_OBSERVER: DeliveryObserver = {
  attempted: () => undefined,
  accepted: () => undefined,
  possibleDuplicates: () => undefined,
  decided: () => undefined,
  deadLetter: () => undefined,
  turned: () => undefined,
  caughtUp: () => undefined,
  trouble: () => undefined,
};
