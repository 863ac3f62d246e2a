import { Injectable } from '@nestjs/common';
import type { Request } from 'express';
import { type ApiKey, findApiKey } from '#record';
import { ApiError } from './errors.js';
import { ApiParts } from './parts.js';

/** Who makes a request. */
export interface ApiCaller extends ApiKey {
  /** Whence, as the record says it. */
  address: string;
  /** Method and address of what was asked. */
  asked: string;
}

/** What was brought, judged. */
export type Judgement =
  | { key: ApiKey }
  /** `meant`: prefix of the key that the request named without proving it. `isGuess`: it may have been one of many tries. */
  | { refusal: ApiError; meant?: string; isGuess: boolean };

/**
 * The one place where requests are told apart by who makes them. Whatever vouches for callers in another way (single sign-on) is another
 * of these, provided in its place: it answers with a role, limits and a name, as a key has them, and everything behind it stays.
 */
export abstract class Authenticator {
  abstract judge(request: Request): Promise<Judgement>;
}

/** Callers are who holds an API key. */
@Injectable()
export class KeyAuthenticator extends Authenticator {
  constructor(private readonly parts: ApiParts) {
    super();
  }

  async judge(request: Request): Promise<Judgement> {
    const text = /^Bearer +(\S+) *$/i.exec(request.headers.authorization ?? '')?.[1];
    if (text === undefined) return { refusal: keyMissing(), isGuess: false };
    const { key, meant } = await findApiKey(this.parts.prisma, text);
    if (key) return { key };
    return { refusal: keyRefused(), isGuess: true, ...(meant === undefined ? {} : { meant }) };
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
