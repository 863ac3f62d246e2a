import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { type DynamicModule, Module, StandardSchemaValidationPipe, type Type } from '@nestjs/common';
import { APP_FILTER, APP_GUARD, APP_INTERCEPTOR, APP_PIPE, NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import type { NextFunction, Request, Response } from 'express';
import { AccessGuard } from './access.guard.js';
import { AccessWatch } from './access-watch.js';
import { AnswerInterceptor } from './answer.interceptor.js';
import { Authenticator, KeyAuthenticator } from './authentication.js';
import { Backfills, BackfillsController } from './backfills.controller.js';
import { DeadLetters, DeadLettersController } from './dead-letters.controller.js';
import { DeliveryController, DeliveryReads } from './delivery.controller.js';
import { docsHandler } from './docs.js';
import { EnrolmentController, Enrolments } from './enrolment.controller.js';
import { requestInvalid } from './errors.js';
import { withBigints } from './event-json.js';
import { EventReads, EventsController } from './events.controller.js';
import { Exports, ExportsController } from './exports.controller.js';
import { FacetReads, FacetsController } from './facets.controller.js';
import { ApiHealth, HealthController } from './health.controller.js';
import { Holds, HoldsController } from './holds.controller.js';
import { Horizon } from './horizon.js';
import { Keys, KeysController } from './keys.controller.js';
import { LogController, LogReads } from './log.controller.js';
import { ApiParts } from './parts.js';
import { ProblemFilter } from './problem.filter.js';
import { Producers, ProducersController } from './producers.controller.js';
import { ReceiptReads, ReceiptsController } from './receipts.controller.js';
import { Reconciliations, ReconciliationsController } from './reconciliations.controller.js';
import { Replays, ReplaysController } from './replays.controller.js';
import { RequestRates } from './request-rates.js';
import { RetentionActs, RetentionController } from './retention.controller.js';
import { SessionReads, SessionsController } from './sessions.controller.js';

const BODY_LIMIT_BYTES = 64 * 1024;
/** A dead letter comes with the event as it was rendered: at most 1 MB, and its quotes are written with escapes. */
const RESULT_LIMIT_BYTES = 3 * 1024 * 1024;

export const CONTROLLERS: Type[] = [
  SessionsController,
  EventsController,
  FacetsController,
  ProducersController,
  EnrolmentController,
  KeysController,
  HoldsController,
  RetentionController,
  ReplaysController,
  DeadLettersController,
  DeliveryController,
  ReceiptsController,
  ReconciliationsController,
  BackfillsController,
  ExportsController,
  LogController,
  HealthController,
];

@Module({})
class ApiModule {
  static of(parts: ApiParts): DynamicModule {
    return {
      module: ApiModule,
      controllers: CONTROLLERS,
      providers: [
        { provide: ApiParts, useValue: parts },
        { provide: APP_FILTER, useValue: new ProblemFilter(parts.logger) },
        { provide: Authenticator, useClass: KeyAuthenticator },
        AccessWatch,
        RequestRates,
        { provide: APP_GUARD, useClass: AccessGuard },
        { provide: APP_INTERCEPTOR, useClass: AnswerInterceptor },
        { provide: APP_PIPE, useValue: new StandardSchemaValidationPipe({ exceptionFactory: refusalOf }) },
        ...[
          SessionReads,
          EventReads,
          FacetReads,
          LogReads,
          Producers,
          Enrolments,
          Keys,
          Holds,
          RetentionActs,
          Replays,
          Backfills,
          ReceiptReads,
          Reconciliations,
          DeadLetters,
          DeliveryReads,
          Exports,
          ApiHealth,
          Horizon,
        ],
      ],
    };
  }
}

/** Builds the API; the caller lets it listen and closes it. */
export async function createApi(parts: ApiParts): Promise<NestExpressApplication> {
  const app = await NestFactory.create<NestExpressApplication>(ApiModule.of(parts), {
    logger: false,
    abortOnError: false,
    bodyParser: false,
    forceCloseConnections: true,
  });
  app.disable('x-powered-by');
  app.disable('etag');
  app.set('trust proxy', [...(parts.trustedProxies ?? [])]);
  app.set('query parser', 'simple');
  app.set('json replacer', withBigints);
  app.use(observed(parts));
  app.use('/docs', docsHandler(CONTROLLERS));
  app.useBodyParser('json', { limit: RESULT_LIMIT_BYTES, type: isResult });
  app.useBodyParser('json', { limit: BODY_LIMIT_BYTES });
  await app.init();
  return app;
}

function isResult({ url = '', headers }: IncomingMessage): boolean {
  return (
    /^\/v1\/backfills\/[^/]+\/batches\/\d+\/result$/.test(url) &&
    /^application\/json\b/.test(headers['content-type'] ?? '')
  );
}

/** Gives each request its id, counts and times it, and keeps answers out of caches. */
function observed({ logger, metrics }: ApiParts) {
  const seconds = metrics.histogram('affidavit_api_request_duration_seconds', 'Requests to the audit-log API.', [
    'method',
    'route',
    'status',
  ]);
  return (request: Request, response: Response, next: NextFunction) => {
    const begun = performance.now();
    const given = request.headers['x-request-id'];
    const requestId = typeof given === 'string' && /^[\w.-]{1,64}$/.test(given) ? given : randomUUID();
    response.setHeader('x-request-id', requestId);
    response.setHeader('x-content-type-options', 'nosniff');
    response.setHeader('cache-control', 'no-store');
    response.on('close', () => {
      const { method } = request;
      const status = response.writableFinished ? response.statusCode : 499;
      // The pattern, not the address: no session's id becomes a label.
      const route = (request.route as { path?: string } | undefined)?.path ?? 'other';
      const durationMs = performance.now() - begun;
      seconds.observe({ method, route, status: String(status) }, durationMs / 1000);
      logger.debug({ requestId, method, route, status, durationMs: Math.round(durationMs) }, 'a request was answered');
    });
    next();
  };
}

interface Issue {
  readonly message: string;
  readonly path?: ReadonlyArray<PropertyKey | { readonly key: PropertyKey }> | undefined;
}

function refusalOf(issues: readonly Issue[]) {
  const said = issues.slice(0, 5).map(({ path = [], message }) => {
    const name = path.map((part) => String(typeof part === 'object' ? part.key : part)).join('.');
    return name === '' ? message : `${name}: ${message}`;
  });
  return requestInvalid(said.join('; '));
}
