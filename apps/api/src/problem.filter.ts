import { type ArgumentsHost, Catch, type ExceptionFilter, HttpException } from '@nestjs/common';
import type { Response } from 'express';
import { AffidavitError } from '#events';
import type { Logger } from '#platform';
import { unavailable } from '#record';
import { ApiError, httpStatusOf, requestInvalid, routeUnknown } from './errors.js';

/** Answers every error as problem+json (RFC 9457) with its code and remedy. What nobody foresaw is logged and stays inside. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  constructor(private readonly logger: Logger) {}

  catch(thrown: unknown, host: ArgumentsHost): void {
    const response = host.switchToHttp().getResponse<Response>();
    const error = asAffidavitError(thrown);
    const status = httpStatusOf(error);
    if (status >= 500) {
      const err = error.code === 'API_INTERNAL' ? thrown : error;
      this.logger.error({ err, requestId: response.getHeader('x-request-id') }, 'a request could not be answered');
    }
    if (response.headersSent) {
      response.destroy();
      return;
    }
    if (status === 401) response.setHeader('www-authenticate', 'Bearer');
    const seconds = error instanceof ApiError ? error.retryAfterSeconds : undefined;
    if (seconds !== undefined) response.setHeader('retry-after', String(Math.max(1, seconds)));
    else if (status === 503 || status === 429) response.setHeader('retry-after', '1');
    response.removeHeader('content-type');
    response
      .status(status)
      .type('application/problem+json')
      .send(JSON.stringify(problemOf(error, status)));
  }
}

/** RFC 9457. */
export function problemOf(error: AffidavitError, status: number) {
  return {
    type: `urn:affidavit:error:${error.code}`,
    title: error.code,
    status,
    detail: error.message,
    code: error.code,
    remedy: error.remedy,
  };
}

function asAffidavitError(thrown: unknown): AffidavitError {
  if (thrown instanceof AffidavitError) return thrown;
  const status = statusOf(thrown);
  if (status === 404) return routeUnknown();
  if (status === 413) {
    return new ApiError({
      code: 'API_BODY_TOO_LARGE',
      message: 'the body is larger than this address takes',
      remedy: 'Send less; see /docs for what this address takes.',
      retry: 'never',
    });
  }
  if (status !== undefined && status < 500) {
    return requestInvalid(thrown instanceof Error ? thrown.message : 'the request cannot be read');
  }
  if (isStoreAway(thrown)) return unavailable(thrown);
  return new ApiError({
    code: 'API_INTERNAL',
    message: 'the request could not be answered',
    remedy: 'Look into the log of the api for this x-request-id; if it stays, report it.',
    retry: 'never',
    cause: thrown,
  });
}

/** Of Nest's exceptions, and of those that the body reader raises. */
function statusOf(thrown: unknown): number | undefined {
  if (thrown instanceof HttpException) return thrown.getStatus();
  const status = (thrown as { status?: unknown } | null)?.status;
  return typeof status === 'number' ? status : undefined;
}

const AWAY = /^(08|53|57|25P0[34]|55P03|40|E(CONN|PIPE|TIMEDOUT|NOTFOUND|HOST|AI_)|P1|P20(24|28|34))/;

/** True where PostgreSQL, not the request or this code, is to blame. */
function isStoreAway(thrown: unknown): boolean {
  for (let error = thrown, depth = 0; error instanceof Error && depth < 5; error = error.cause, depth++) {
    const code = (error as { code?: unknown }).code;
    if (typeof code === 'string' && AWAY.test(code)) return true;
    if (
      /connection (terminated|timeout)|timeout exceeded when trying to connect|Can't reach database/i.test(
        error.message,
      )
    ) {
      return true;
    }
    if (error instanceof AggregateError && error.errors.some(isStoreAway)) return true;
  }
  return false;
}
