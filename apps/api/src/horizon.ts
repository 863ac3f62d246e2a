import { Injectable } from '@nestjs/common';
import { commandHorizon, sessionHorizon } from '#record';
import { ApiError } from './errors.js';
import { ApiParts } from './parts.js';

const LOOK_EVERY_MS = 25;

const PROJECTIONS = {
  sessions: { horizonOf: sessionHorizon, said: 'the sessions stand' },
  commands: { horizonOf: commandHorizon, said: 'the search in commands stands' },
} as const;

/** How far the projections have read, for answers that come from them. */
@Injectable()
export class Horizon {
  constructor(private readonly parts: ApiParts) {}

  /**
   * The horizon, once it has reached `atLeast`. What is read afterwards takes at least that much into account.
   * @throws API_HORIZON_BEHIND (retry: later) where that takes too long
   */
  async reached(atLeast: bigint | undefined, of: keyof typeof PROJECTIONS = 'sessions'): Promise<bigint> {
    const { pool, horizonWaitMs } = this.parts;
    const deadline = Date.now() + horizonWaitMs;
    for (;;) {
      const horizon = await PROJECTIONS[of].horizonOf(pool);
      if (atLeast === undefined || horizon >= atLeast) return horizon;
      if (Date.now() >= deadline) throw behind(PROJECTIONS[of].said, horizon, atLeast);
      await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
    }
  }
}

function behind(said: string, horizon: bigint, atLeast: bigint): ApiError {
  return new ApiError({
    code: 'API_HORIZON_BEHIND',
    message: `${said} at position ${horizon}, not yet at ${atLeast}`,
    remedy: 'Ask again; if it stays behind, check with `affidavit status` whether a recorder runs.',
    retry: 'later',
  });
}
