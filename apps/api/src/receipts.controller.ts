import { Controller, Get, Injectable, Param, Query } from '@nestjs/common';
import { type Receipt, readReceipt } from '#delivery';
import { Operation } from './access.guard.js';
import { ReceiptAnswer } from './answers.js';
import { ApiParts } from './parts.js';
import { EventId, NoQuery } from './requests.js';

@Injectable()
export class ReceiptReads {
  constructor(private readonly parts: ApiParts) {}

  one(id: string): Promise<Receipt> {
    return readReceipt(this.parts.pool, id);
  }
}

@Controller('v1/receipts')
export class ReceiptsController {
  constructor(private readonly receipts: ReceiptReads) {}

  @Get(':eventId')
  @Operation({
    summary: 'The way of one event: recorded, sent, accepted, observed',
    description: 'A state is claimed only where it is known.',
    role: 'viewer',
    reads: 'receipt',
    answer: ReceiptAnswer,
  })
  one(@Param('eventId', { schema: EventId }) eventId: string, @Query({ schema: NoQuery }) _query: unknown) {
    return this.receipts.one(eventId);
  }
}
