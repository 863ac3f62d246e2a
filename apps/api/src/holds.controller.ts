import { Body, Controller, Get, HttpCode, Injectable, Param, Post, Query } from '@nestjs/common';
import { type ApiKey, apiKeyName, getHold, type HoldSelection, listHolds, placeHold, releaseHold } from '#record';
import { Caller, Operation } from './access.guard.js';
import { HoldAnswer, HoldListAnswer } from './answers.js';
import { ApiParts } from './parts.js';
import { HoldBody, HoldId, HoldListQuery, HoldReleaseBody, NoQuery } from './requests.js';

@Injectable()
export class Holds {
  constructor(private readonly parts: ApiParts) {}

  place({ matter, reason, ...given }: HoldBody, caller: ApiKey) {
    const selection = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
    return placeHold(this.parts.pool, {
      selection: selection as HoldSelection,
      matter,
      reason,
      by: apiKeyName(caller),
    });
  }

  async list({ all }: HoldListQuery) {
    return { holds: await listHolds(this.parts.pool, { all: all === 'true' }) };
  }

  show(id: string) {
    return getHold(this.parts.pool, id);
  }

  release(id: string, { reason }: HoldReleaseBody, caller: ApiKey) {
    return releaseHold(this.parts.pool, id, { by: apiKeyName(caller), reason });
  }
}

@Controller('v1/holds')
export class HoldsController {
  constructor(private readonly holds: Holds) {}

  @Post()
  @Operation({
    summary: 'Place a legal hold',
    description:
      'Effective when this is answered: no purge drops a partition with an event that it fits, also one that arrives later.',
    role: 'admin',
    status: 201,
    answer: HoldAnswer,
  })
  place(@Body({ schema: HoldBody }) body: HoldBody, @Caller() caller: ApiKey) {
    return this.holds.place(body, caller);
  }

  @Get()
  @Operation({ summary: 'Holds, newest first', role: 'viewer', reads: 'holds', answer: HoldListAnswer })
  list(@Query({ schema: HoldListQuery }) query: HoldListQuery) {
    return this.holds.list(query);
  }

  @Get(':id')
  @Operation({ summary: 'One hold', role: 'viewer', reads: 'holds', answer: HoldAnswer })
  show(@Param('id', { schema: HoldId }) id: string, @Query({ schema: NoQuery }) _query: unknown) {
    return this.holds.show(id);
  }

  @Post(':id/release')
  @HttpCode(200)
  @Operation({
    summary: 'Release a hold, for ever',
    description: 'What it alone kept goes with the next run that is planned after this.',
    role: 'admin',
    answer: HoldAnswer,
  })
  release(
    @Param('id', { schema: HoldId }) id: string,
    @Body({ schema: HoldReleaseBody }) body: HoldReleaseBody,
    @Caller() caller: ApiKey,
  ) {
    return this.holds.release(id, body, caller);
  }
}
