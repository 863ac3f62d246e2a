import { Body, Controller, Delete, Get, HttpCode, Injectable, Param, Post, Query } from '@nestjs/common';
import { instantOfMillis } from '#events';
import { type ApiKey, apiKeyName, createApiKey, listApiKeys, type NewApiKey, revokeApiKey } from '#record';
import { Caller, Operation } from './access.guard.js';
import { KeyListAnswer, NewKeyAnswer } from './answers.js';
import { requestInvalid } from './errors.js';
import { ApiParts } from './parts.js';
import { KeyBody, KeyId, millisOf, NoQuery } from './requests.js';

@Injectable()
export class Keys {
  constructor(private readonly parts: ApiParts) {}

  async create({ role, label, expiresAt }: KeyBody, caller: ApiKey): Promise<NewApiKey> {
    const expires = expiresAt === undefined ? undefined : millisOf(expiresAt);
    if (expires !== undefined && expires <= Date.now()) throw requestInvalid('expiresAt has passed');
    return createApiKey(this.parts.pool, {
      role,
      by: apiKeyName(caller),
      ...(label === undefined ? {} : { label }),
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
      })),
    };
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
    answer: KeyListAnswer,
  })
  list(@Query({ schema: NoQuery }) _query: unknown) {
    return this.keys.list();
  }

  @Delete(':id')
  @HttpCode(204)
  @Operation({ summary: 'Revoke a key, for ever', role: 'admin', status: 204 })
  revoke(@Param('id', { schema: KeyId }) id: string, @Caller() caller: ApiKey) {
    return this.keys.revoke(id, caller);
  }
}
