import { type CanActivate, createParamDecorator, type ExecutionContext, Injectable, SetMetadata } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { Request, Response } from 'express';
import type { z } from 'zod';
import { API_ROLES, type ApiKey, type ApiRole, type ReadKind } from '#record';
import { AccessWatch, addressOf } from './access-watch.js';
import { type ApiCaller, Authenticator } from './authentication.js';
import { ApiError, routeUnknown } from './errors.js';
import { ApiParts } from './parts.js';
import { RequestRates } from './request-rates.js';

/** What is said of a route: who may use it, and what its documentation shows. */
export interface OperationFacts {
  summary: string;
  description?: string;
  /** The lowest role that may; `public` needs no key. */
  role: ApiRole | 'public';
  /** What of the evidence it shows: reading it is on the record before it answers. Absent: the state of the works, or an act. */
  reads?: ReadKind;
  /** It shows no more than the caller's limits allow. To a limited key all other routes are not there. */
  keepsLimits?: boolean;
  /** Of the answer that succeeds; default 200. */
  status?: number;
  /** Absent: no body, or one that is not JSON. */
  answer?: z.ZodType;
  /** Media types in which it answers as well, where they are asked for. */
  alsoAs?: readonly string[];
}

export const OPERATION = 'affidavit:operation';

/** Every route carries one: without it the guard lets nobody in. */
export const Operation = (facts: OperationFacts) => SetMetadata(OPERATION, facts);

export type WithCaller = Request & { caller?: ApiCaller };

/** Whoever makes the request. */
export const Caller = createParamDecorator(
  (_: unknown, context: ExecutionContext) => context.switchToHttp().getRequest<WithCaller>().caller,
);

/** Lets a request in by who makes it: role, limits, rate. */
@Injectable()
export class AccessGuard implements CanActivate {
  constructor(
    private readonly parts: ApiParts,
    private readonly reflector: Reflector,
    private readonly authenticator: Authenticator,
    private readonly access: AccessWatch,
    private readonly rates: RequestRates,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const facts = this.reflector.get<OperationFacts | undefined>(OPERATION, context.getHandler());
    if (facts?.role === 'public') return true;
    const http = context.switchToHttp();
    const request = http.getRequest<WithCaller>();
    const caller = await this.callerOf(request);
    await this.judgeRole(caller, request, facts);
    this.rates.judge(caller.id, http.getResponse<Response>());
    request.caller = caller;
    if (facts?.reads) await this.parts.sittings.note(caller, facts.reads);
    return true;
  }

  private async callerOf(request: WithCaller): Promise<ApiCaller> {
    const address = addressOf(request);
    const what = whatOf(request);
    const credentials = request.headers.authorization;
    await this.access.mayTry(address, what, credentials);
    const judged = await this.authenticator.judge(request);
    if ('refusal' in judged) {
      const { refusal, meant } = judged;
      await this.access.refused(refusal, { address, what, ...(meant === undefined ? {} : { meant }) });
      throw refusal;
    }
    if (credentials !== undefined) this.access.right(credentials);
    return { ...judged.key, address, asked: `${request.method} ${request.originalUrl}` };
  }

  private async judgeRole(caller: ApiCaller, request: WithCaller, facts: OperationFacts | undefined): Promise<void> {
    const needed = facts?.role === undefined || facts.role === 'public' ? 'admin' : facts.role;
    if (API_ROLES.indexOf(caller.role) < API_ROLES.indexOf(needed)) {
      const error = caller.limits ? routeUnknown() : roleTooLow(caller, needed);
      await this.access.refused(error, { address: caller.address, what: whatOf(request), meant: caller.prefix });
      throw error;
    }
    if (!caller.limits || facts?.keepsLimits) return;
    await this.access.beyond(caller);
    throw routeUnknown();
  }
}

/** Method and pattern: what was filled in belongs to whoever asked, and could be anything. */
function whatOf(request: Request): string {
  return `${request.method} ${(request.route as { path?: string } | undefined)?.path ?? 'other'}`;
}

function roleTooLow(caller: ApiKey, needed: ApiRole): ApiError {
  return new ApiError({
    code: 'API_ROLE_TOO_LOW',
    message: `key ${caller.prefix} is a ${caller.role}'s; this needs ${needed}`,
    remedy: `Use a key with the role ${needed}.`,
    retry: 'never',
  });
}
