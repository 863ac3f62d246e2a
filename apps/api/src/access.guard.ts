import { type CanActivate, createParamDecorator, type ExecutionContext, Injectable, SetMetadata } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { Request } from 'express';
import type { z } from 'zod';
import { API_ROLES, type ApiKey, type ApiRole, findApiKey } from '#record';
import { ApiError } from './errors.js';
import { ApiParts } from './parts.js';

/** What is said of a route: who may use it, and what its documentation shows. */
export interface OperationFacts {
  summary: string;
  description?: string;
  /** The lowest role that may; `public` needs no key. */
  role: ApiRole | 'public';
  /** Of the answer that succeeds; default 200. */
  status?: number;
  /** Absent: no body, or one that is not JSON. */
  answer?: z.ZodType;
}

export const OPERATION = 'affidavit:operation';

/** Every route carries one: without it the guard lets nobody in. */
export const Operation = (facts: OperationFacts) => SetMetadata(OPERATION, facts);

type WithCaller = Request & { caller?: ApiKey };

/** The key that the request was made with. */
export const Caller = createParamDecorator(
  (_: unknown, context: ExecutionContext) => context.switchToHttp().getRequest<WithCaller>().caller,
);

/** Lets a request in by its key's role. */
@Injectable()
export class AccessGuard implements CanActivate {
  constructor(
    private readonly parts: ApiParts,
    private readonly reflector: Reflector,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const facts = this.reflector.get<OperationFacts | undefined>(OPERATION, context.getHandler());
    const needed = facts?.role ?? 'admin';
    if (needed === 'public') return true;
    const request = context.switchToHttp().getRequest<WithCaller>();
    const key = /^Bearer +(\S+) *$/i.exec(request.headers.authorization ?? '')?.[1];
    if (key === undefined) throw keyMissing();
    const caller = await findApiKey(this.parts.prisma, key);
    if (!caller) throw keyRefused();
    if (API_ROLES.indexOf(caller.role) < API_ROLES.indexOf(needed)) throw roleTooLow(caller, needed);
    request.caller = caller;
    return true;
  }
}

function keyMissing(): ApiError {
  return new ApiError({
    code: 'API_KEY_MISSING',
    message: 'no API key came with the request',
    remedy: 'Send `Authorization: Bearer <key>`; the first key stands in admin.key in AFFIDAVIT_DATA.',
    retry: 'never',
  });
}

/** One answer for unknown, expired and revoked keys: a stranger learns nothing. */
function keyRefused(): ApiError {
  return new ApiError({
    code: 'API_KEY_REFUSED',
    message: 'the API key is not one that may be used',
    remedy: 'Ask an administrator whether it was revoked or has expired, and for a new one.',
    retry: 'never',
  });
}

function roleTooLow(caller: ApiKey, needed: ApiRole): ApiError {
  return new ApiError({
    code: 'API_ROLE_TOO_LOW',
    message: `key ${caller.prefix} is a ${caller.role}'s; this needs ${needed}`,
    remedy: `Use a key with the role ${needed}.`,
    retry: 'never',
  });
}
