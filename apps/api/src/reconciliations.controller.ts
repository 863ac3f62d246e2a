import { Body, Controller, Get, HttpCode, Injectable, Param, Post, Query } from '@nestjs/common';
import {
  type Finding,
  listReconciliations,
  type Reconciliation,
  readReconciliation,
  requestReconciliation,
} from '#delivery';
import { type ApiKey, apiKeyName } from '#record';
import { Caller, Operation } from './access.guard.js';
import { ReconciliationAnswer, ReconciliationListAnswer, ReconciliationResultAnswer } from './answers.js';
import { ApiParts } from './parts.js';
import { ReconciliationBody, ReconciliationId, ReconciliationListQuery, ReconciliationQuery } from './requests.js';

@Injectable()
export class Reconciliations {
  constructor(private readonly parts: ApiParts) {}

  request({ destination, from, to, sendMissing }: ReconciliationBody, caller: ApiKey): Promise<Reconciliation> {
    return requestReconciliation(this.parts.pool, {
      sendsMissing: sendMissing,
      by: apiKeyName(caller),
      ...(destination === undefined ? {} : { destination }),
      ...(from === undefined ? {} : { from }),
      ...(to === undefined ? {} : { to }),
    });
  }

  async list({ limit }: ReconciliationListQuery): Promise<{ reconciliations: Reconciliation[] }> {
    return { reconciliations: await listReconciliations(this.parts.pool, limit) };
  }

  one(id: string, { limit }: ReconciliationQuery): Promise<{ reconciliation: Reconciliation; findings: Finding[] }> {
    return readReconciliation(this.parts.pool, id, limit);
  }
}

@Controller('v1/reconciliations')
export class ReconciliationsController {
  constructor(private readonly reconciliations: Reconciliations) {}

  @Post()
  @HttpCode(202)
  @Operation({
    summary: 'Compare what a destination accepted with what it shows',
    description: 'A forwarder carries it out, within the requests that the destination allows. It is on the record.',
    role: 'operator',
    status: 202,
    answer: ReconciliationAnswer,
  })
  request(@Body({ schema: ReconciliationBody }) body: ReconciliationBody, @Caller() caller: ApiKey) {
    return this.reconciliations.request(body, caller);
  }

  @Get()
  @Operation({ summary: 'Reconciliations, newest first', role: 'viewer', answer: ReconciliationListAnswer })
  list(@Query({ schema: ReconciliationListQuery }) query: ReconciliationListQuery) {
    return this.reconciliations.list(query);
  }

  @Get(':id')
  @Operation({ summary: 'One reconciliation with what it found', role: 'viewer', answer: ReconciliationResultAnswer })
  one(
    @Param('id', { schema: ReconciliationId }) id: string,
    @Query({ schema: ReconciliationQuery }) query: ReconciliationQuery,
  ) {
    return this.reconciliations.one(id, query);
  }
}
