import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { promisify } from 'node:util';
import { constants, createGzip, gzip } from 'node:zlib';
import {
  type CallHandler,
  type ExecutionContext,
  Injectable,
  type NestInterceptor,
  StreamableFile,
} from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { Response } from 'express';
import { mergeMap, type Observable } from 'rxjs';
import { OPERATION, type OperationFacts, type WithCaller } from './access.guard.js';
import { AnswerStream } from './answer-stream.js';
import { ApiError } from './errors.js';
import { EventBytes, withBigints } from './event-json.js';
import { ApiParts } from './parts.js';

const gzipped = promisify(gzip);

/** Below, gzip saves less than its header costs. */
const GZIP_FROM_BYTES = 1024;
/** Of each key: they are made for hours, and each holds a page in memory. */
const MOST_STREAMS = 4;
/** A client that takes nothing for so long is gone, or as good as. */
const STALLED_MS = 120_000;

/** Members that move with every recorded event: they stand in headers, too, and do not make an answer another one. */
const MOVING = ['horizon', 'head'] as const;

/**
 * Sends answers as the bytes they are: the horizon in a header too, reads with an ETag (and 304 for whoever has it), compressed where
 * that is asked for, and streams with back pressure.
 */
@Injectable()
export class AnswerInterceptor implements NestInterceptor {
  private readonly streams = new Map<string, number>();

  constructor(
    private readonly parts: ApiParts,
    private readonly reflector: Reflector,
  ) {}

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const http = context.switchToHttp();
    const request = http.getRequest<WithCaller>();
    const response = http.getResponse<Response>();
    return next.handle().pipe(
      mergeMap(async (answer: unknown) => {
        for (const name of MOVING) {
          const value = (answer as Record<string, unknown> | null | undefined)?.[name];
          if (typeof value === 'bigint') response.setHeader(`affidavit-${name}`, String(value));
        }
        const what = this.reflector.get<OperationFacts | undefined>(OPERATION, context.getHandler())?.reads;
        if (what && request.caller) this.parts.sittings.tally(request.caller, what, rowsOf(answer));
        if (answer instanceof AnswerStream) return this.streamed(answer, request, response);
        if (request.method !== 'GET' && request.method !== 'HEAD') return answer;
        if (response.statusCode !== 200 || typeof answer !== 'object' || answer === null) return answer;
        const bytes = answer instanceof EventBytes ? answer.bytes : Buffer.from(JSON.stringify(answer, withBigints));
        const tag = `W/"${answer instanceof EventBytes ? answer.tag : tagOf(withoutMoving(answer))}"`;
        response.setHeader('etag', tag);
        response.setHeader('cache-control', 'private, no-cache');
        response.setHeader('vary', 'Authorization, Accept, Accept-Encoding');
        if (hasTag(request.headers['if-none-match'], tag)) {
          response.status(304);
          return undefined;
        }
        const isSmall = bytes.length < GZIP_FROM_BYTES;
        const sent = isSmall || !takesGzip(request) ? bytes : await gzipped(bytes);
        if (sent !== bytes) response.setHeader('content-encoding', 'gzip');
        return new StreamableFile(sent, { type: 'application/json; charset=utf-8', length: sent.length });
      }),
    );
  }

  private streamed(answer: AnswerStream, request: WithCaller, response: Response): StreamableFile {
    const name = request.caller?.id ?? '';
    const open = this.streams.get(name) ?? 0;
    if (open >= MOST_STREAMS) throw tooManyStreams();
    for (const [header, value] of Object.entries(answer.headers)) response.setHeader(header, value);
    response.setHeader('vary', 'Authorization, Accept, Accept-Encoding');
    // A proxy that gathered the whole before passing it on would undo the back pressure.
    response.setHeader('x-accel-buffering', 'no');
    const source = request.method === 'HEAD' ? Readable.from([]) : Readable.from(answer.chunks, { objectMode: false });
    this.streams.set(name, open + 1);
    response.once('close', () => {
      source.destroy();
      const left = (this.streams.get(name) ?? 1) - 1;
      if (left > 0) this.streams.set(name, left);
      else this.streams.delete(name);
    });
    response.setTimeout(STALLED_MS, () => response.destroy());
    let sent: Readable = source;
    if (takesGzip(request) && request.method !== 'HEAD') {
      response.setHeader('content-encoding', 'gzip');
      const packed = createGzip({ flush: constants.Z_SYNC_FLUSH });
      source.once('error', (error) => packed.destroy(error));
      packed.once('close', () => source.destroy());
      sent = source.pipe(packed);
    }
    // Cut off without an end, so that nobody takes the part for the whole.
    return new StreamableFile(sent, { type: answer.contentType }).setErrorHandler(() => void response.destroy());
  }
}

/** Of a list its entries; of anything else one. A stream counts its own. */
function rowsOf(answer: unknown): number {
  if (answer instanceof AnswerStream) return 0;
  if (answer instanceof EventBytes) return answer.count;
  const list = Object.values(answer as object).find(Array.isArray) as unknown[] | undefined;
  return list?.length ?? 1;
}

function tagOf(text: string): string {
  return createHash('sha256').update(text).digest('base64url').slice(0, 22);
}

/** The JSON of an answer without the members that every recorded event moves. */
function withoutMoving(answer: object): string {
  const stable = Object.fromEntries(
    Object.entries(answer).filter(([name, value]) => typeof value !== 'bigint' || !MOVING.includes(name as 'head')),
  );
  return JSON.stringify(stable, withBigints);
}

/** RFC 9110, 13.1.2: weak comparison. */
function hasTag(header: string | undefined, tag: string): boolean {
  if (header === undefined) return false;
  if (header.trim() === '*') return true;
  return header.split(',').some((one) => one.trim().replace(/^W\//, '') === tag.replace(/^W\//, ''));
}

function takesGzip(request: WithCaller): boolean {
  return request.acceptsEncodings('gzip', 'identity') === 'gzip';
}

function tooManyStreams(): ApiError {
  return new ApiError({
    code: 'API_TOO_MANY_STREAMS',
    message: `this key has ${MOST_STREAMS} streams open`,
    remedy: 'Take one of them to its end first, or let it go.',
    retry: 'later',
    retryAfterSeconds: 10,
  });
}
