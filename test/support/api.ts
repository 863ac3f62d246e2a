import type { AddressInfo } from 'node:net';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { createApi } from '../../apps/api/src/api.js';
import { ApiParts } from '../../apps/api/src/parts.js';
import { RETRY_POLICY } from '../../libs/delivery/src/index.js';
import { createLogger, listen, Metrics } from '../../libs/platform/src/index.js';
import {
  type ApiKeyRequest,
  createApiKey,
  openPrisma,
  type PrismaClient,
  ReadSittings,
  readEvents,
} from '../../libs/record/src/index.js';
import { IDLE_EXPORTS } from './idle-exports.js';
import type { TestRecord } from './test-record.js';

export interface Answered<T> {
  status: number;
  headers: Headers;
  text: string;
  body: T;
}

/** The audit-log API over HTTP, on a record that the test writes. */
export class TestApi {
  private constructor(
    readonly record: TestRecord,
    readonly prisma: PrismaClient,
    readonly app: NestExpressApplication,
    readonly url: string,
  ) {}

  /** @param port 0: any free one */
  static async open(record: TestRecord, parts: Partial<ApiParts> = {}, port = 0): Promise<TestApi> {
    // With the rights of the API's own login.
    const pool = await record.poolOf('api');
    const prisma = await openPrisma(pool);
    const app = await createApi(
      new ApiParts({
        pool,
        prisma,
        sittings: new ReadSittings(pool),
        logger: createLogger('test', { logLevel: 'silent', logFormat: 'json' }),
        metrics: new Metrics(),
        publicUrl: 'http://api.test:8470',
        horizonWaitMs: 300,
        retryPolicy: RETRY_POLICY,
        exports: IDLE_EXPORTS,
        ...parts,
      }),
    );
    await listen(app.getHttpServer(), '127.0.0.1', port);
    const address = app.getHttpServer().address() as AddressInfo;
    return new TestApi(record, prisma, app, `http://127.0.0.1:${address.port}`);
  }

  /** A key of its own, so that its sittings and rates are nobody else's. */
  async key(request: Omit<ApiKeyRequest, 'by'>) {
    return createApiKey(this.record.pool, { ...request, by: 'test' });
  }

  async ask<T>(
    path: string,
    key: string | undefined,
    options: { method?: string; body?: unknown; headers?: Record<string, string> } = {},
  ): Promise<Answered<T>> {
    const { body, method = body === undefined ? 'GET' : 'POST', headers } = options;
    const answer = await fetch(`${this.url}${path}`, {
      method,
      headers: {
        ...(key === undefined ? {} : { authorization: `Bearer ${key}` }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const text = await answer.text();
    const isJson = /^application\/(problem\+)?json/.test(answer.headers.get('content-type') ?? '');
    return {
      status: answer.status,
      headers: answer.headers,
      text,
      body: (isJson && text !== '' ? JSON.parse(text) : undefined) as T,
    };
  }

  /** What the record holds of a type, oldest first, once the outbox is drained. */
  async onRecord(type: string): Promise<Record<string, unknown>[]> {
    await this.record.drainOutbox();
    const events = await readEvents(this.record.pool, { after: -1n, limit: 10_000 });
    return events
      .filter((event) => event.type === type)
      .map((event) => (JSON.parse(event.body.toString()) as { data: Record<string, unknown> }).data);
  }

  async close(): Promise<void> {
    await this.app.close();
    await this.prisma.$disconnect();
  }
}
