import { Body, Controller, Delete, Get, HttpCode, Injectable, Param, Post, Query } from '@nestjs/common';
import { instantOfMillis } from '#events';
import {
  type AccessLimits,
  type ApiKey,
  apiKeyName,
  createApiKey,
  listApiKeys,
  type NewApiKey,
  revokeApiKey,
  rotateApiKey,
} from '#record';
import { Caller, Operation } from './access.guard.js';
import { KeyListAnswer, NewKeyAnswer } from './answers.js';
import { requestInvalid } from './errors.js';
import { ApiParts } from './parts.js';
import { KeyBody, KeyId, KeyRotationBody, millisOf, NoQuery } from './requests.js';

@Injectable()
export class Keys {
  constructor(private readonly parts: ApiParts) {}

  async create({ role, label, expiresAt, limits }: KeyBody, caller: ApiKey): Promise<NewApiKey> {
    const expires = expiresAt === undefined ? undefined : millisOf(expiresAt);
    if (expires !== undefined && expires <= Date.now()) throw requestInvalid('expiresAt has passed');
    return createApiKey(this.parts.pool, {
      role,
      by: apiKeyName(caller),
      ...(label === undefined ? {} : { label }),
      ...(limits === undefined ? {} : { limits: limits as AccessLimits }),
      ...(expires === undefined ? {} : { expiresAt: new Date(expires) }),
    });
  }

  async list() {
    const instant = (date: Date | null) => date && instantOfMillis(date.getTime());
    return {
      keys: (await listApiKeys(this.parts.prisma)).map((key) => ({
        ...key,
        createdAt: instant(key.createdAt),
        expiresAt: instant(key.expiresAt),
        revokedAt: instant(key.revokedAt),
        lastUsedAt: instant(key.lastUsedAt),
        rotatedAt: instant(key.rotatedAt),
        previousUntil: instant(key.previousUntil),
      })),
    };
  }

  rotate(id: string, { overlapMinutes }: KeyRotationBody, caller: ApiKey): Promise<NewApiKey> {
    const rotation = { by: apiKeyName(caller), overlapMs: overlapMinutes * 60_000 };
    return rotateApiKey(this.parts.pool, id, rotation);
  }

  revoke(id: string, caller: ApiKey): Promise<void> {
    return revokeApiKey(this.parts.pool, id, apiKeyName(caller));
  }
}

@Controller('v1/keys')
export class KeysController {
  constructor(private readonly keys: Keys) {}

  @Post()
  @Operation({ summary: 'Make an API key; it is shown once', role: 'admin', status: 201, answer: NewKeyAnswer })
  create(@Body({ schema: KeyBody }) body: KeyBody, @Caller() caller: ApiKey) {
    return this.keys.create(body, caller);
  }

  @Get()
  @Operation({
    summary: 'All keys ever made, newest first, without their secrets',
    role: 'admin',
    reads: 'keys',
    answer: KeyListAnswer,
  })
  list(@Query({ schema: NoQuery }) _query: unknown) {
    return this.keys.list();
  }

  @Post(':id/rotate')
  @HttpCode(200)
  @Operation({
    summary: 'Give a key a new secret; it is shown once',
    description: 'Prefix, role and limits stay. The secret that is replaced opens for the overlap, then no more.',
    role: 'admin',
    answer: NewKeyAnswer,
  })
  rotate(
    @Param('id', { schema: KeyId }) id: string,
    @Body({ schema: KeyRotationBody }) body: KeyRotationBody,
    @Caller() caller: ApiKey,
  ) {
    return this.keys.rotate(id, body, caller);
  }

  @Delete(':id')
  @HttpCode(204)
  @Operation({ summary: 'Revoke a key, for ever', role: 'admin', status: 204 })
  revoke(@Param('id', { schema: KeyId }) id: string, @Caller() caller: ApiKey) {
    return this.keys.revoke(id, caller);
  }
}
