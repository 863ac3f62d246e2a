import { Injectable } from '@nestjs/common';
import { sessionHorizon } from '#record';
import { ApiError } from './errors.js';
import { ApiParts } from './parts.js';

const LOOK_EVERY_MS = 25;

/** How far the sessions projection has read, for answers that come from it. */
@Injectable()
export class Horizon {
  constructor(private readonly parts: ApiParts) {}

  /**
   * The horizon, once it has reached `atLeast`. What is read afterwards takes at least that much into account.
   * @throws API_HORIZON_BEHIND (retry: later) where that takes too long
   */
  async reached(atLeast: bigint | undefined): Promise<bigint> {
    const { pool, horizonWaitMs } = this.parts;
    const deadline = Date.now() + horizonWaitMs;
    for (;;) {
      const horizon = await sessionHorizon(pool);
      if (atLeast === undefined || horizon >= atLeast) return horizon;
      if (Date.now() >= deadline) throw behind(horizon, atLeast);
      await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
    }
  }
}

function behind(horizon: bigint, atLeast: bigint): ApiError {
  return new ApiError({
    code: 'API_HORIZON_BEHIND',
    message: `the sessions stand at position ${horizon}, not yet at ${atLeast}`,
    remedy: 'Ask again; if it stays behind, check with `affidavit status` whether a recorder runs.',
    retry: 'later',
  });
}
