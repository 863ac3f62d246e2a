/** What became of one request, as far as its sender can tell. */
export type Answer =
  /** The destination says that it has it. */
  | { kind: 'accepted'; status: number }
  /**
   * Not now: try the same bytes again, for ever. `mayBeStored` where the request may have got through all the same (no answer
   * after the body was sent), so that a second try may make a second copy.
   */
  | { kind: 'retry'; reason: string; mayBeStored: boolean; status?: number; waitMs?: number }
  /** The key, not the events: nothing will be taken until somebody acts. Without a status: there was no key to send with. */
  | { kind: 'unauthorized'; status?: number; reason: string }
  /** Larger than the destination takes in one request. */
  | { kind: 'too-large'; status: number; reason: string }
  /** The destination cannot read the request: one of its events, or what stands between us. */
  | { kind: 'invalid'; status: number; reason: string }
  /**
   * An answer that no destination gives to events: a proxy, a wrong address. Tried again slowly, and loudly. Without a status it
   * was we who refused: the address is one that we may not connect to, or its certificate does not hold. Nothing was sent then.
   */
  | { kind: 'refused'; status?: number; reason: string };

export type AnswerKind = Answer['kind'];

/** How the ledger keeps an answer. */
export interface KeptAnswer {
  kind: AnswerKind;
  status?: number;
  reason?: string;
}

const LONGEST_REASON = 300;

/** An answer as the ledger keeps it: bounded, and without characters that Postgres' jsonb refuses. */
export function keptAnswer(answer: Answer): KeptAnswer {
  return {
    kind: answer.kind,
    ...(answer.status === undefined ? {} : { status: answer.status }),
    ...('reason' in answer ? { reason: printable(answer.reason) } : {}),
  };
}

/** Text from a stranger's answer, on one line and bounded. */
export function printable(text: string): string {
  const line = text
    .toWellFormed()
    .replace(/[\s\u0000-\u001f\u007f-\u009f]+/g, ' ')
    .trim();
  return line.length > LONGEST_REASON ? `${line.slice(0, LONGEST_REASON).toWellFormed()}…` : line;
}
