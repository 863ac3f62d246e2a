import type { Answer } from './answer.js';
import { LANES, type Lane } from './destination.js';

// Admission in brief: all lanes of a destination share one number of requests under way. Live goes first, then catch-up, then
// replay and backfill; but a lane that waits gets at least one of every twenty, so that none starves. The number grows by one
// for each round of quick answers and is halved when the destination throttles or grows slow (the way TCP finds a link's width);
// batches shrink and grow likewise.

export interface AdmissionOptions {
  /** Most requests under way at once. */
  most: number;
  /** Most events of a batch. */
  batchCount: number;
  /** An answer that takes longer says that batches are too large or too many. */
  slowMs: number;
}

/** The right to send one request. */
export interface Pass {
  /** What the destination made of it. */
  learn(answer: Answer, elapsedMs: number, events: number): void;
  /** The request is over; once. */
  leave(): void;
}

/** A lane that waits gets one pass in this many. */
const ONE_IN = 20;
const LEAST_BATCH_COUNT = 50;
/** Several answers of one moment tell one thing. */
const HALVE_AGAIN_MS = 1_000;

interface Waiter {
  admit: (pass: Pass | undefined) => void;
}

/** Who may send next, of all lanes of one destination in this process. */
export class Admission {
  private readonly waiting = new Map<Lane, Waiter[]>(LANES.map((lane) => [lane, []]));
  /** Passes given to others while a lane waited. */
  private readonly passedOver = new Map<Lane, number>(LANES.map((lane) => [lane, 0]));
  private underWay = 0;
  private width: number;
  private count: number;
  private halvedAt = Number.NEGATIVE_INFINITY;
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly options: AdmissionOptions,
    private readonly now: () => number = () => performance.now(),
  ) {
    this.width = options.most;
    this.count = options.batchCount;
  }

  /** Requests that may be under way now. */
  get limit(): number {
    return Math.max(1, Math.floor(this.width));
  }

  /** Most events that a new batch should hold. */
  get batchCount(): number {
    return Math.floor(this.count);
  }

  /** Waits for the right to send. @returns undefined where the process stops */
  enter(lane: Lane, stop: AbortSignal): Promise<Pass | undefined> {
    if (stop.aborted) return Promise.resolve(undefined);
    return new Promise((resolve) => {
      const line = this.lineOf(lane);
      const leave = () => {
        const at = line.indexOf(waiter);
        if (at >= 0) line.splice(at, 1);
        resolve(undefined);
      };
      const waiter: Waiter = {
        admit: (pass) => {
          stop.removeEventListener('abort', leave);
          resolve(pass);
        },
      };
      stop.addEventListener('abort', leave, { once: true });
      line.push(waiter);
      this.admitWaiting();
    });
  }

  /** Nobody is let in for a while: the rate is used up. */
  holdBack(ms: number): void {
    if (this.timer) return;
    this.timer = setTimeout(() => {
      this.timer = undefined;
      this.admitWaiting();
    }, ms);
    this.timer.unref();
  }

  private lineOf(lane: Lane): Waiter[] {
    return this.waiting.get(lane) ?? [];
  }

  private admitWaiting(): void {
    while (!this.timer && this.underWay < this.limit) {
      const lane = this.next();
      if (lane === undefined) return;
      this.underWay++;
      this.lineOf(lane).shift()?.admit(this.pass());
    }
  }

  private next(): Lane | undefined {
    const lanes = LANES.filter((lane) => this.lineOf(lane).length > 0);
    const starved = lanes.find((lane) => (this.passedOver.get(lane) ?? 0) >= ONE_IN - 1);
    const chosen = starved ?? lanes[0];
    for (const lane of LANES) {
      const waits = lane !== chosen && lanes.includes(lane);
      this.passedOver.set(lane, waits ? (this.passedOver.get(lane) ?? 0) + 1 : 0);
    }
    return chosen;
  }

  private pass(): Pass {
    let isOver = false;
    return {
      learn: (answer, elapsedMs, events) => this.learn(answer, elapsedMs, events),
      leave: () => {
        if (isOver) return;
        isOver = true;
        this.underWay--;
        this.admitWaiting();
      },
    };
  }

  private learn(answer: Answer, elapsedMs: number, events: number): void {
    const { most, batchCount, slowMs } = this.options;
    const isThrottled = answer.kind === 'retry' && answer.status === 429;
    const isSlow = elapsedMs > slowMs;
    if (isThrottled || isSlow) {
      if (this.now() - this.halvedAt < HALVE_AGAIN_MS) return;
      this.halvedAt = this.now();
      this.width = Math.max(1, this.width / 2);
      // A small batch that was slow says nothing about large ones.
      if (isSlow && events > this.count / 2) {
        this.count = Math.max(Math.min(LEAST_BATCH_COUNT, batchCount), this.count / 2);
      }
      return;
    }
    if (answer.kind !== 'accepted') return;
    this.width = Math.min(most, this.width + 1 / this.width);
    if (elapsedMs < slowMs / 2 && events >= this.count * 0.9) this.count = Math.min(batchCount, this.count * 1.25);
  }
}
