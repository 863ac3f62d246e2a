import { Body, Controller, Get, HttpCode, Injectable, Post, Query } from '@nestjs/common';
import { askForSweep, deliveryOverview, listBatches, oneDestination } from '#delivery';
import { Operation } from './access.guard.js';
import { BatchListAnswer, DeliveryAnswer, SweepAnswer } from './answers.js';
import { ApiParts } from './parts.js';
import { BatchListQuery, NoQuery, SweepBody } from './requests.js';

@Injectable()
export class DeliveryReads {
  constructor(private readonly parts: ApiParts) {}

  async status() {
    return { destinations: await deliveryOverview(this.parts.pool) };
  }

  batches({ limit, cursor, ...filter }: BatchListQuery) {
    const given = Object.fromEntries(Object.entries(filter).filter(([, value]) => value !== undefined));
    return listBatches(this.parts.pool, { limit, ...given, ...(cursor === undefined ? {} : { before: cursor }) });
  }

  async sweep(destination: string | undefined) {
    const { pool } = this.parts;
    if (destination !== undefined) await oneDestination(pool, destination);
    return { destinations: await askForSweep(pool, destination) };
  }
}

@Controller('v1/delivery')
export class DeliveryController {
  constructor(private readonly delivery: DeliveryReads) {}

  @Get()
  @Operation({
    summary: 'Each destination and lane: how far, how fast, and what is due when and why',
    role: 'viewer',
    answer: DeliveryAnswer,
  })
  status(@Query({ schema: NoQuery }) _query: unknown) {
    return this.delivery.status();
  }

  @Get('batches')
  @Operation({
    summary: 'Requests to destinations, newest first, with their attempts',
    role: 'viewer',
    answer: BatchListAnswer,
  })
  batches(@Query({ schema: BatchListQuery }) query: BatchListQuery) {
    return this.delivery.batches(query);
  }

  @Post('sweep')
  @HttpCode(200)
  @Operation({
    summary: 'Make wake-ups again for everything that is due',
    description:
      'The forwarders do so within a second, from the ledger, whatever the queue in Redis lost; they also do it by themselves every few seconds. Nothing is brought forward.',
    role: 'operator',
    answer: SweepAnswer,
  })
  sweep(@Body({ schema: SweepBody }) body: SweepBody) {
    return this.delivery.sweep(body?.destination);
  }
}
