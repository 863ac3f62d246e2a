import {
  type CallHandler,
  type ExecutionContext,
  Injectable,
  type NestInterceptor,
  StreamableFile,
} from '@nestjs/common';
import type { Response } from 'express';
import { map, type Observable } from 'rxjs';
import { EventBytes } from './event-json.js';

/** Says the horizon in a header too, and sends recorded events as the bytes they are. */
@Injectable()
export class AnswerInterceptor implements NestInterceptor {
  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const response = context.switchToHttp().getResponse<Response>();
    return next.handle().pipe(
      map((answer: unknown) => {
        const horizon = (answer as { horizon?: bigint } | null | undefined)?.horizon;
        if (horizon !== undefined) response.setHeader('affidavit-horizon', String(horizon));
        if (!(answer instanceof EventBytes)) return answer;
        return new StreamableFile(answer.bytes, {
          type: 'application/json; charset=utf-8',
          length: answer.bytes.length,
        });
      }),
    );
  }
}
