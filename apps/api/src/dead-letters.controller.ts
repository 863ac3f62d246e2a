import { Body, Controller, Get, HttpCode, Injectable, Param, Post, Query } from '@nestjs/common';
import {
  type ChosenLetters,
  discardDeadLetters,
  listDeadLetters,
  oneDestination,
  readDeadLetter,
  retryDeadLetters,
} from '#delivery';
import { type ApiKey, apiKeyName } from '#record';
import { Caller, Operation } from './access.guard.js';
import { DeadLetterActAnswer, DeadLetterAnswer, DeadLetterListAnswer } from './answers.js';
import { ApiParts } from './parts.js';
import {
  DeadLetterListQuery,
  DestinationParameter,
  DiscardBody,
  NoQuery,
  PositionParameter,
  RetryBody,
} from './requests.js';

@Injectable()
export class DeadLetters {
  constructor(private readonly parts: ApiParts) {}

  async list({ destination, state, limit, cursor }: DeadLetterListQuery) {
    const deadLetters = await listDeadLetters(this.parts.pool, {
      limit,
      ...(destination === undefined ? {} : { destination }),
      ...(state === 'any' ? {} : { state }),
      ...(cursor === undefined ? {} : { after: cursor }),
    });
    const last = deadLetters.length === limit ? deadLetters.at(-1) : undefined;
    return { deadLetters, next: last ? `${last.destination}.${last.position}` : null };
  }

  show(destination: string, position: bigint) {
    return readDeadLetter(this.parts.pool, destination, position);
  }

  async retry(body: RetryBody, caller: ApiKey) {
    const chosen = await this.chosen(body);
    return {
      destination: chosen.destination,
      ...(await retryDeadLetters(this.parts.pool, chosen, apiKeyName(caller))),
    };
  }

  async discard(body: DiscardBody, caller: ApiKey) {
    const chosen = await this.chosen(body);
    const acted = await discardDeadLetters(this.parts.pool, chosen, apiKeyName(caller), body.reason);
    return { destination: chosen.destination, ...acted };
  }

  private async chosen({ destination, positions }: RetryBody): Promise<ChosenLetters> {
    return {
      destination: await oneDestination(this.parts.pool, destination),
      ...(positions === undefined ? {} : { positions }),
    };
  }
}

@Controller('v1/dead-letters')
export class DeadLettersController {
  constructor(private readonly deadLetters: DeadLetters) {}

  @Get()
  @Operation({
    summary: 'Events that a destination refuses for good, with the reason',
    role: 'viewer',
    reads: 'dead-letters',
    answer: DeadLetterListAnswer,
  })
  list(@Query({ schema: DeadLetterListQuery }) query: DeadLetterListQuery) {
    return this.deadLetters.list(query);
  }

  @Get(':destination/:position')
  @Operation({
    summary: 'One of them, as it was rendered, with its attempts',
    description: 'Reading it is on the record.',
    role: 'viewer',
    reads: 'dead-letters',
    answer: DeadLetterAnswer,
  })
  show(
    @Param('destination', { schema: DestinationParameter }) destination: string,
    @Param('position', { schema: PositionParameter }) position: bigint,
    @Query({ schema: NoQuery }) _query: unknown,
  ) {
    return this.deadLetters.show(destination, position);
  }

  @Post('retry')
  @HttpCode(200)
  @Operation({
    summary: 'Send dead letters once more, as the newest mapping renders them',
    description: 'A forwarder sends each in a request of its own; what is refused again is open again.',
    role: 'operator',
    answer: DeadLetterActAnswer,
  })
  retry(@Body({ schema: RetryBody }) body: RetryBody, @Caller() caller: ApiKey) {
    return this.deadLetters.retry(body, caller);
  }

  @Post('discard')
  @HttpCode(200)
  @Operation({
    summary: 'Give dead letters up, with a reason; the record keeps the events',
    role: 'operator',
    answer: DeadLetterActAnswer,
  })
  discard(@Body({ schema: DiscardBody }) body: DiscardBody, @Caller() caller: ApiKey) {
    return this.deadLetters.discard(body, caller);
  }
}
