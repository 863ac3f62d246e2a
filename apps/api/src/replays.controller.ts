import { Body, Controller, Get, HttpCode, Injectable, Param, Post, Query } from '@nestjs/common';
import {
  cancelReplay,
  destinationHindrance,
  judgePlan,
  listBlocks,
  listPlans,
  makePlan,
  type Plan,
  pauseReplay,
  planProgress,
  readPlan,
  resumeReplay,
  startReplay,
} from '#delivery';
import { type ApiKey, apiKeyName } from '#record';
import { Caller, Operation } from './access.guard.js';
import { BlockListAnswer, ReplayAnswer, ReplayListAnswer, WholeReplayAnswer } from './answers.js';
import { ApiParts } from './parts.js';
import { BlockListQuery, NoBody, NoQuery, ReplayBody, ReplayId, ReplayListQuery } from './requests.js';

type Act = typeof pauseReplay;

@Injectable()
export class Replays {
  constructor(private readonly parts: ApiParts) {}

  async plan(body: ReplayBody, caller: ApiKey) {
    const { missingOnly, ...asked } = body;
    const given = Object.fromEntries(
      Object.entries({ ...asked, missingOnly }).filter(([, value]) => value !== undefined),
    );
    return viewOf(await makePlan(this.parts.pool, 'replay', given, apiKeyName(caller)));
  }

  async list({ destination, state, limit }: ReplayListQuery) {
    const filter = {
      limit,
      ...(destination === undefined ? {} : { destination }),
      ...(state === undefined ? {} : { state }),
    };
    return { replays: (await listPlans(this.parts.pool, 'replay', filter)).map(viewOf) };
  }

  async show(id: string) {
    const { pool } = this.parts;
    const plan = await readPlan(pool, 'replay', id);
    const isReady = plan.state === 'planned';
    const isAtWork = ['planning', 'running'].includes(plan.state);
    const [{ sent, open, dead }, { stale, purges }, hindrance] = await Promise.all([
      planProgress(pool, id),
      isReady ? judgePlan(pool, plan) : { stale: [], purges: plan.report?.purges ?? [] },
      isReady || isAtWork ? destinationHindrance(pool, plan.destination) : null,
    ]);
    const progress = { sent: Number(sent), open: Number(open), dead: Number(dead) };
    return { ...viewOf(plan), progress, stale, purges, hindrance };
  }

  async blocks(id: string, { after, limit }: BlockListQuery) {
    const { pool } = this.parts;
    await readPlan(pool, 'replay', id);
    const blocks = await listBlocks(pool, id, after ?? -1n, limit);
    const next = blocks.length === limit ? (blocks.at(-1)?.from ?? null) : null;
    return { blocks: blocks.map((block) => ({ ...block, bytes: Number(block.bytes) })), next };
  }

  async start(id: string, caller: ApiKey) {
    await startReplay(this.parts.pool, id, apiKeyName(caller));
    return this.show(id);
  }

  async act(act: Act, id: string, caller: ApiKey) {
    await act(this.parts.pool, id, apiKeyName(caller));
    return this.show(id);
  }
}

@Controller('v1/replays')
export class ReplaysController {
  constructor(private readonly replays: Replays) {}

  @Post()
  @Operation({
    summary: 'Plan a replay: list what it would send',
    description:
      'Answered at once, in state `planning`; a forwarder of the destination then reads the log, and it is `planned`. Nothing is sent before it is started.',
    role: 'operator',
    status: 201,
    answer: ReplayAnswer,
  })
  plan(@Body({ schema: ReplayBody }) body: ReplayBody, @Caller() caller: ApiKey) {
    return this.replays.plan(body, caller);
  }

  @Get()
  @Operation({ summary: 'Replays, newest first', role: 'viewer', answer: ReplayListAnswer })
  list(@Query({ schema: ReplayListQuery }) query: ReplayListQuery) {
    return this.replays.list(query);
  }

  @Get(':id')
  @Operation({
    summary: 'One replay: what it lists, how far it is, and, at the end, its report',
    role: 'viewer',
    answer: WholeReplayAnswer,
  })
  show(@Param('id', { schema: ReplayId }) id: string, @Query({ schema: NoQuery }) _query: unknown) {
    return this.replays.show(id);
  }

  @Get(':id/blocks')
  @Operation({
    summary: 'What a replay lists, a thousand positions each, with a digest, and what became of it',
    role: 'viewer',
    answer: BlockListAnswer,
  })
  blocks(@Param('id', { schema: ReplayId }) id: string, @Query({ schema: BlockListQuery }) query: BlockListQuery) {
    return this.replays.blocks(id, query);
  }

  @Post(':id/start')
  @HttpCode(200)
  @Operation({
    summary: 'Let a planned replay run',
    description: 'Refused where it lists nothing, or where filter, mapping or log are others than when it was planned.',
    role: 'operator',
    answer: WholeReplayAnswer,
  })
  start(
    @Param('id', { schema: ReplayId }) id: string,
    @Body({ schema: NoBody }) _body: unknown,
    @Caller() caller: ApiKey,
  ) {
    return this.replays.start(id, caller);
  }

  @Post(':id/pause')
  @HttpCode(200)
  @Operation({
    summary: 'Let a running replay rest; what is under way ends as it ends',
    role: 'operator',
    answer: WholeReplayAnswer,
  })
  pause(
    @Param('id', { schema: ReplayId }) id: string,
    @Body({ schema: NoBody }) _body: unknown,
    @Caller() caller: ApiKey,
  ) {
    return this.replays.act(pauseReplay, id, caller);
  }

  @Post(':id/resume')
  @HttpCode(200)
  @Operation({ summary: 'Let a paused replay go on', role: 'operator', answer: WholeReplayAnswer })
  resume(
    @Param('id', { schema: ReplayId }) id: string,
    @Body({ schema: NoBody }) _body: unknown,
    @Caller() caller: ApiKey,
  ) {
    return this.replays.act(resumeReplay, id, caller);
  }

  @Post(':id/cancel')
  @HttpCode(200)
  @Operation({
    summary: 'End a replay for good; what is not sent yet never will be',
    role: 'operator',
    answer: WholeReplayAnswer,
  })
  cancel(
    @Param('id', { schema: ReplayId }) id: string,
    @Body({ schema: NoBody }) _body: unknown,
    @Caller() caller: ApiKey,
  ) {
    return this.replays.act(cancelReplay, id, caller);
  }
}

/** Without what only the ledger needs. Counts are numbers: they lie far below 2^53. */
function viewOf({ kind: _kind, generation: _generation, fromPos, toPos, nextPos, ...plan }: Plan) {
  return {
    ...plan,
    from: fromPos,
    to: toPos,
    plannedTo: nextPos,
    count: Number(plan.count),
    bytes: Number(plan.bytes),
    late: Number(plan.late),
    observed: Number(plan.observed),
  };
}
