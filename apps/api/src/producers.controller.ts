import { Body, Controller, Get, HttpCode, Injectable, Param, Post, Query } from '@nestjs/common';
import type { Epoch, NodeName } from '#events';
import {
  type ApiKey,
  apiKeyName,
  declareLost,
  inTransaction,
  listProducers,
  type ProducerView,
  type RecordStatus,
  readRecordStatus,
} from '#record';
import { Caller, Operation } from './access.guard.js';
import { DeclareLostAnswer, ProducerListAnswer, StatusAnswer } from './answers.js';
import { type DestinationStatus, readDeliveryStatus } from './delivery-status.js';
import { ApiParts } from './parts.js';
import { DeclareLostBody, EpochParameter, NodeParameter, NoQuery, ProducerListQuery } from './requests.js';

@Injectable()
export class Producers {
  constructor(private readonly parts: ApiParts) {}

  async list({ node, state, limit }: ProducerListQuery): Promise<{ producers: ProducerView[] }> {
    const filter = { limit, ...(node === undefined ? {} : { node }), ...(state === undefined ? {} : { state }) };
    return { producers: await listProducers(this.parts.pool, filter) };
  }

  async declareLost(node: NodeName, epoch: Epoch, { to, reason }: DeclareLostBody, caller: ApiKey) {
    const loss = { node, epoch, to, by: apiKeyName(caller), ...(reason === undefined ? {} : { reason }) };
    await inTransaction(this.parts.pool, (client) => declareLost(client, loss));
    this.parts.logger.warn(loss, 'a hole was declared');
    return { node, epoch, to };
  }

  async status(): Promise<RecordStatus & { destinations: DestinationStatus[] }> {
    const [record, destinations] = await Promise.all([
      readRecordStatus(this.parts.pool),
      readDeliveryStatus(this.parts.pool),
    ]);
    return { ...record, destinations };
  }
}

@Controller('v1')
export class ProducersController {
  constructor(private readonly producers: Producers) {}

  @Get('producers')
  @Operation({
    summary: 'Runs of producers and how far each is recorded, newest first',
    role: 'viewer',
    answer: ProducerListAnswer,
  })
  list(@Query({ schema: ProducerListQuery }) query: ProducerListQuery) {
    return this.producers.list(query);
  }

  @Post('producers/:node/:epoch/declare-lost')
  @HttpCode(202)
  @Operation({
    summary: 'Declare that numbers will never come',
    description: 'The recorder carries it out and puts `producer.lost` on the record.',
    role: 'admin',
    status: 202,
    answer: DeclareLostAnswer,
  })
  declareLost(
    @Param('node', { schema: NodeParameter }) node: NodeName,
    @Param('epoch', { schema: EpochParameter }) epoch: Epoch,
    @Body({ schema: DeclareLostBody }) body: DeclareLostBody,
    @Caller() caller: ApiKey,
  ) {
    return this.producers.declareLost(node, epoch, body, caller);
  }

  @Get('status')
  @Operation({ summary: 'Each hop: how far, how far behind, since when', role: 'viewer', answer: StatusAnswer })
  status(@Query({ schema: NoQuery }) _query: unknown) {
    return this.producers.status();
  }
}
