import { Body, Controller, Delete, Get, HttpCode, Injectable, Param, Post, Query } from '@nestjs/common';
import {
  type ApiKey,
  apiKeyName,
  beginRetentionRun,
  confirmRetention,
  getRetentionRun,
  listClasses,
  listOpenChanges,
  listPurges,
  listRetentionRuns,
  planRetentionAt,
  proposeRetention,
  raiseRetention,
  withdrawRetention,
} from '#record';
import { Caller, Operation } from './access.guard.js';
import { ChangeAnswer, PlanAnswer, RetentionAnswer, RunAnswer, RunListAnswer } from './answers.js';
import { ApiParts } from './parts.js';
import { NoBody, NoQuery, NumberId, PlanQuery, RetentionChangeBody, RunListQuery } from './requests.js';

const SHOWN_PURGES = 100;

@Injectable()
export class RetentionActs {
  constructor(private readonly parts: ApiParts) {}

  async show() {
    const { pool } = this.parts;
    const [classes, changes, purges] = await Promise.all([
      listClasses(pool),
      listOpenChanges(pool),
      listPurges(pool, SHOWN_PURGES),
    ]);
    return { classes, changes, purges };
  }

  /** Up at once; down it becomes a proposal. */
  async change(body: RetentionChangeBody, caller: ApiKey) {
    const { pool } = this.parts;
    const now = (await listClasses(pool)).find((one) => one.name === body.class);
    const requirements = body.requirements ?? now?.requirements ?? [];
    const wanted = { name: body.class, keepMs: body.keep, requirements };
    const outcome = await raiseRetention(pool, wanted, apiKeyName(caller));
    if (outcome !== 'shorter') return { outcome, id: null };
    const id = await proposeRetention(pool, wanted, { key: caller, reason: body.reason });
    return { outcome: 'proposed' as const, id };
  }

  async confirm(id: bigint, caller: ApiKey) {
    await confirmRetention(this.parts.pool, id, caller.id);
    return this.show();
  }

  withdraw(id: bigint, caller: ApiKey) {
    return withdrawRetention(this.parts.pool, id, caller);
  }

  plan({ at }: PlanQuery) {
    return planRetentionAt(this.parts.pool, at);
  }

  /** A recorder finds it within seconds and carries it out: the API itself has no right to purge. */
  begin(caller: ApiKey) {
    return beginRetentionRun(this.parts.pool, apiKeyName(caller));
  }

  async runs({ limit }: RunListQuery) {
    return { runs: await listRetentionRuns(this.parts.pool, limit) };
  }

  run(id: bigint) {
    return getRetentionRun(this.parts.pool, id);
  }
}

@Controller('v1/retention')
export class RetentionController {
  constructor(private readonly retention: RetentionActs) {}

  @Get()
  @Operation({
    summary: 'Classes, open changes, the last purges',
    role: 'viewer',
    reads: 'retention',
    answer: RetentionAnswer,
  })
  show(@Query({ schema: NoQuery }) _query: unknown) {
    return this.retention.show();
  }

  @Post('changes')
  @HttpCode(200)
  @Operation({
    summary: 'Keep a class longer, or propose to keep it less long',
    description:
      'Longer, or under more requirements: at once. Anything less waits until another admin key confirms it.',
    role: 'admin',
    answer: ChangeAnswer,
  })
  change(@Body({ schema: RetentionChangeBody }) body: RetentionChangeBody, @Caller() caller: ApiKey) {
    return this.retention.change(body, caller);
  }

  @Post('changes/:id/confirm')
  @HttpCode(200)
  @Operation({ summary: 'Confirm what another admin key proposed', role: 'admin', answer: RetentionAnswer })
  confirm(
    @Param('id', { schema: NumberId }) id: bigint,
    @Body({ schema: NoBody }) _body: unknown,
    @Caller() caller: ApiKey,
  ) {
    return this.retention.confirm(id, caller);
  }

  @Delete('changes/:id')
  @HttpCode(204)
  @Operation({ summary: 'Take a proposal back', role: 'admin', status: 204 })
  withdraw(@Param('id', { schema: NumberId }) id: bigint, @Caller() caller: ApiKey) {
    return this.retention.withdraw(id, caller);
  }

  @Get('plan')
  @Operation({
    summary: 'What a run would purge, and what keeps the rest',
    description:
      'A simulation: nothing is changed. Holds, deliveries and classes are those of now, also for another time.',
    role: 'viewer',
    answer: PlanAnswer,
  })
  plan(@Query({ schema: PlanQuery }) query: PlanQuery) {
    return this.retention.plan(query);
  }

  @Post('runs')
  @Operation({
    summary: 'Plan a run; a recorder carries it out within seconds',
    description: 'While one is under way, that one.',
    role: 'admin',
    status: 201,
    answer: RunAnswer,
  })
  begin(@Body({ schema: NoBody }) _body: unknown, @Caller() caller: ApiKey) {
    return this.retention.begin(caller);
  }

  @Get('runs')
  @Operation({ summary: 'Runs, newest first', role: 'viewer', answer: RunListAnswer })
  runs(@Query({ schema: RunListQuery }) query: RunListQuery) {
    return this.retention.runs(query);
  }

  @Get('runs/:id')
  @Operation({ summary: 'One run, with what became of its plan', role: 'viewer', answer: RunAnswer })
  run(@Param('id', { schema: NumberId }) id: bigint, @Query({ schema: NoQuery }) _query: unknown) {
    return this.retention.run(id);
  }
}
