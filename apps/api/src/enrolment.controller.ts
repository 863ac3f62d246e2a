import { createPublicKey } from 'node:crypto';
import { Body, Controller, Get, Injectable, Post, Query, Req } from '@nestjs/common';
import type { Request } from 'express';
import { instantOfMillis } from '#events';
import { formatNoteKey, originOf } from '#ledger';
import {
  type ApiKey,
  apiKeyName,
  createEnrolment,
  enrolNode,
  inTransaction,
  noteKeysOf,
  readCheckpointKeys,
  readHead,
} from '#record';
import { Caller, Operation } from './access.guard.js';
import { AccessWatch, addressOf } from './access-watch.js';
import { EnrolmentAnswer, EnrolmentListAnswer, LogAnswer, NodeAnswer } from './answers.js';
import { requestInvalid } from './errors.js';
import { ApiParts } from './parts.js';
import { EnrolmentBody, NodeBody, NoQuery } from './requests.js';

@Injectable()
export class Enrolments {
  constructor(
    private readonly parts: ApiParts,
    private readonly access: AccessWatch,
  ) {}

  async log() {
    const { pool } = this.parts;
    const { log, generation } = await readHead(pool);
    const keys = noteKeysOf(await readCheckpointKeys(pool), log, generation).map(formatNoteKey);
    return { log, generation, origin: originOf(log, generation), keys };
  }

  async create({ node, api, validMinutes }: EnrolmentBody, caller: ApiKey) {
    const enrolment = await inTransaction(this.parts.pool, (client) =>
      createEnrolment(client, {
        node,
        by: apiKeyName(caller),
        api: api ?? this.parts.publicUrl,
        validMs: validMinutes * 60_000,
      }),
    );
    return { ...enrolment, expiresAt: instantOfMillis(enrolment.expiresAt.getTime()) };
  }

  async list() {
    const rows = await this.parts.prisma.enrolment.findMany({
      orderBy: { createdAt: 'desc' },
      take: 1000,
      omit: { tokenHash: true },
    });
    return {
      enrolments: rows.map(({ createdAt, expiresAt, usedAt, ...rest }) => ({
        ...rest,
        createdAt: instantOfMillis(createdAt.getTime()),
        expiresAt: instantOfMillis(expiresAt.getTime()),
        usedAt: usedAt && instantOfMillis(usedAt.getTime()),
      })),
    };
  }

  async enrol({ token, publicKey }: NodeBody, address: string) {
    const { pool, logger } = this.parts;
    const request = { token, publicKey: derOf(publicKey) };
    const { node, log, keyId, markPublicKey } = await this.access.guarded(address, 'POST /v1/nodes', () =>
      enrolNode(pool, request),
    );
    logger.info({ node, keyId }, 'a node was enrolled');
    return { node, log, keyId, markPublicKey: markPublicKey.toString('base64') };
  }
}

@Controller('v1')
export class EnrolmentController {
  constructor(private readonly enrolments: Enrolments) {}

  @Post('enrolments')
  @Operation({
    summary: 'A one-time token with which one gateway may enrol under this name',
    role: 'admin',
    status: 201,
    answer: EnrolmentAnswer,
  })
  create(@Body({ schema: EnrolmentBody }) body: EnrolmentBody, @Caller() caller: ApiKey) {
    return this.enrolments.create(body, caller);
  }

  @Get('enrolments')
  @Operation({
    summary: 'Tokens given out, newest first',
    role: 'admin',
    reads: 'enrolments',
    answer: EnrolmentListAnswer,
  })
  list(@Query({ schema: NoQuery }) _query: unknown) {
    return this.enrolments.list();
  }

  @Get('log')
  @Operation({
    summary: 'Which log this API serves',
    description: 'A gateway compares it with the one it has pinned.',
    role: 'public',
    answer: LogAnswer,
  })
  log(@Query({ schema: NoQuery }) _query: unknown) {
    return this.enrolments.log();
  }

  @Post('nodes')
  @Operation({
    summary: "Take in a gateway's public key against its one-time token",
    description: 'The same token with the same key again gets the same answer.',
    role: 'public',
    status: 201,
    answer: NodeAnswer,
  })
  enrol(@Body({ schema: NodeBody }) body: NodeBody, @Req() request: Request) {
    return this.enrolments.enrol(body, addressOf(request));
  }
}

function derOf(publicKey: string): Buffer {
  if (!publicKey.startsWith('-----BEGIN')) return Buffer.from(publicKey, 'base64');
  try {
    return createPublicKey(publicKey).export({ type: 'spki', format: 'der' });
  } catch {
    throw requestInvalid('publicKey is no PEM that can be read');
  }
}
