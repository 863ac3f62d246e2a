import { Body, Controller, Get, HttpCode, Injectable, Param, Post, Query } from '@nestjs/common';
import {
  type Backfill,
  cancelBackfill,
  type Lease,
  lendBatch,
  listBackfills,
  missingOfLent,
  pauseBackfill,
  planBackfill,
  type RetryPolicy,
  readBackfill,
  releaseBackfill,
  resumeBackfill,
  Selections,
  settleLent,
} from '#delivery';
import { type ApiKey, apiKeyName } from '#record';
import { Caller, Operation } from './access.guard.js';
import { BackfillAnswer, BackfillListAnswer, LeaseAnswer, MissingAnswer, SettledAnswer } from './answers.js';
import { ApiParts } from './parts.js';
import {
  BackfillBody,
  BackfillId,
  BackfillListQuery,
  BatchId,
  LeaseBody,
  NoQuery,
  ReleaseBody,
  ResultBody,
} from './requests.js';

@Injectable()
export class Backfills {
  private readonly ledger: { selections: Selections; policy: RetryPolicy };

  constructor(private readonly parts: ApiParts) {
    this.ledger = { selections: new Selections(), policy: parts.retryPolicy };
  }

  plan(body: BackfillBody, caller: ApiKey): Promise<Backfill> {
    return planBackfill(this.parts.pool, body, apiKeyName(caller));
  }

  async list({ limit }: BackfillListQuery) {
    return { backfills: await listBackfills(this.parts.pool, limit) };
  }

  one(id: string): Promise<Backfill> {
    return readBackfill(this.parts.pool, id);
  }

  async lend(id: string, body: LeaseBody) {
    return leaseView(await lendBatch(this.parts.pool, this.ledger.selections, id, body));
  }

  release(id: string, { sender }: ReleaseBody): Promise<void> {
    return releaseBackfill(this.parts.pool, id, sender);
  }

  settle(backfill: string, batch: bigint, { attempt, ...result }: ResultBody) {
    return settleLent(this.parts.pool, this.ledger, { backfill, batch, attempt }, result);
  }

  async missing(backfill: string, batch: bigint) {
    return { positions: await missingOfLent(this.parts.pool, { backfill, batch }) };
  }

  turn(change: 'pause' | 'resume' | 'cancel', id: string, caller: ApiKey): Promise<Backfill> {
    const by = { pause: pauseBackfill, resume: resumeBackfill, cancel: cancelBackfill }[change];
    return by(this.parts.pool, id, apiKeyName(caller));
  }
}

@Controller('v1/backfills')
export class BackfillsController {
  constructor(private readonly backfills: Backfills) {}

  @Post()
  @Operation({
    summary: 'Plan a backfill: history for a destination that never had it',
    description:
      'Asked again in the same words, it is the one that is not over yet. A destination that is not known is entered; its own deliveries begin where the log ends now.',
    role: 'operator',
    status: 201,
    answer: BackfillAnswer,
  })
  plan(@Body({ schema: BackfillBody }) body: BackfillBody, @Caller() caller: ApiKey) {
    return this.backfills.plan(body, caller);
  }

  @Get()
  @Operation({ summary: 'Backfills, newest first', role: 'operator', answer: BackfillListAnswer })
  list(@Query({ schema: BackfillListQuery }) query: BackfillListQuery) {
    return this.backfills.list(query);
  }

  @Get(':id')
  @Operation({ summary: 'One backfill, and what became of it so far', role: 'operator', answer: BackfillAnswer })
  one(@Param('id', { schema: BackfillId }) id: string) {
    return this.backfills.one(id);
  }

  @Post(':id/lease')
  @HttpCode(200)
  @Operation({
    summary: 'Borrow the next batch, to send it',
    description:
      'The events themselves come from `GET /v1/events`. One process at a time has a backfill, and keeps it by asking. Where there is no batch, ask again after `waitMs`; `state` says when it is over.',
    role: 'operator',
    answer: LeaseAnswer,
  })
  lend(@Param('id', { schema: BackfillId }) id: string, @Body({ schema: LeaseBody }) body: LeaseBody) {
    return this.backfills.lend(id, body);
  }

  @Post(':id/release')
  @HttpCode(204)
  @Operation({ summary: 'Let another process send it at once', role: 'operator', status: 204 })
  release(@Param('id', { schema: BackfillId }) id: string, @Body({ schema: ReleaseBody }) body: ReleaseBody) {
    return this.backfills.release(id, body);
  }

  @Post(':id/batches/:batch/result')
  @HttpCode(200)
  @Operation({
    summary: 'Say what became of a borrowed batch',
    description: 'May be repeated. `held` is false, and nothing is changed, where the lease went to another attempt.',
    role: 'operator',
    answer: SettledAnswer,
  })
  settle(
    @Param('id', { schema: BackfillId }) id: string,
    @Param('batch', { schema: BatchId }) batch: bigint,
    @Body({ schema: ResultBody }) body: ResultBody,
  ) {
    return this.backfills.settle(id, batch, body);
  }

  @Get(':id/batches/:batch/missing')
  @Operation({
    summary: 'Which positions of a borrowed batch are gone, and no purge accounts for them',
    description: 'For whoever finds fewer events than the batch was cut from. None, where retention took them.',
    role: 'operator',
    answer: MissingAnswer,
  })
  missing(
    @Param('id', { schema: BackfillId }) id: string,
    @Param('batch', { schema: BatchId }) batch: bigint,
    @Query({ schema: NoQuery }) _query: unknown,
  ) {
    return this.backfills.missing(id, batch);
  }

  @Post(':id/pause')
  @HttpCode(200)
  @Operation({ summary: 'Let a backfill rest', role: 'operator', answer: BackfillAnswer })
  pause(@Param('id', { schema: BackfillId }) id: string, @Caller() caller: ApiKey) {
    return this.backfills.turn('pause', id, caller);
  }

  @Post(':id/resume')
  @HttpCode(200)
  @Operation({ summary: 'Let it go on', role: 'operator', answer: BackfillAnswer })
  resume(@Param('id', { schema: BackfillId }) id: string, @Caller() caller: ApiKey) {
    return this.backfills.turn('resume', id, caller);
  }

  @Post(':id/cancel')
  @HttpCode(200)
  @Operation({
    summary: 'End it for good',
    description: 'What is under way may still arrive; it counts as cancelled.',
    role: 'operator',
    answer: BackfillAnswer,
  })
  cancel(@Param('id', { schema: BackfillId }) id: string, @Caller() caller: ApiKey) {
    return this.backfills.turn('cancel', id, caller);
  }
}

function leaseView({ state, batch, ...rest }: Lease) {
  if (!batch) return { state, batch: null, waitMs: 0, why: null, ...rest };
  // What was lent is never in doubt, so that nothing of it is ever a part that was looked for.
  const { only: _only, isResend: _isResend, idsDigest, ...lent } = batch;
  return { state, batch: { ...lent, idsDigest: idsDigest.toString('hex') }, waitMs: 0, why: null };
}
