import { AffidavitError, type ErrorFacts } from '#events';

/** What the audit-log API refuses. Codes start with `API_`. */
export class ApiError extends AffidavitError {
  /** For `Retry-After`. */
  readonly retryAfterSeconds: number | undefined;

  constructor(facts: ErrorFacts & { code: `API_${string}`; retryAfterSeconds?: number }) {
    super(facts);
    this.retryAfterSeconds = facts.retryAfterSeconds;
  }
}

/** The one place where codes become HTTP. A code that is not here is 503 where it may be tried again, else 500. */
const STATUS: Record<string, number> = {
  API_REQUEST_INVALID: 400,
  API_KEY_MISSING: 401,
  API_KEY_REFUSED: 401,
  API_ROLE_TOO_LOW: 403,
  API_ROUTE_UNKNOWN: 404,
  API_SESSION_UNKNOWN: 404,
  API_TILE_UNKNOWN: 404,
  API_LINK_REFUSED: 403,
  API_EXPORT_GONE: 410,
  API_EXPORT_ELSEWHERE: 409,
  API_BODY_TOO_LARGE: 413,
  API_HORIZON_BEHIND: 503,
  API_TOO_MANY_GUESSES: 429,
  API_RATE_EXCEEDED: 429,
  API_TOO_MANY_STREAMS: 429,
  API_NOT_ACCEPTABLE: 406,
  DELIVERY_RANGE_EMPTY: 400,
  DELIVERY_EVENT_UNKNOWN: 404,
  DELIVERY_RECONCILIATION_UNKNOWN: 404,
  DELIVERY_NO_READ_BACK: 409,
  DELIVERY_RESULT_INVALID: 400,
  DELIVERY_NOTHING_IN_RANGE: 404,
  DELIVERY_BACKFILL_UNKNOWN: 404,
  DELIVERY_BATCH_UNKNOWN: 404,
  DELIVERY_BACKFILL_HELD: 409,
  DELIVERY_BACKFILL_OVER: 409,
  DELIVERY_DESTINATION_DIFFERS: 409,
  DELIVERY_MAPPING_UNKNOWN: 409,
  RECORD_CURSOR_INVALID: 400,
  RECORD_TEXT_INVALID: 400,
  RECORD_NODE_NAME: 400,
  RECORD_ENROLMENT_REFUSED: 403,
  RECORD_EPOCH_UNKNOWN: 404,
  RECORD_KEY_UNKNOWN: 404,
  RECORD_KEY_OVER: 409,
  RECORD_NOTHING_LOST: 409,
  RECORD_LAST_ADMIN_KEY: 409,
  RECORD_HOLD_UNKNOWN: 404,
  RECORD_HOLD_RELEASED: 409,
  RECORD_EXPORT_UNKNOWN: 404,
  RECORD_EXPORT_EMPTY: 409,
  RECORD_DIFFERS: 409,
  RECORD_EXPORT_TOO_MANY: 429,
  RECORD_CHANGE_UNKNOWN: 404,
  RECORD_RUN_UNKNOWN: 404,
  RECORD_SECOND_PERSON: 403,
  RECORD_RETENTION_REFUSED: 409,
  RECORD_REQUIREMENT_UNKNOWN: 400,
  DELIVERY_SELECTION_INVALID: 400,
  DELIVERY_RANGE_INVALID: 400,
  DELIVERY_DESTINATION_UNKNOWN: 404,
  DELIVERY_PLAN_UNKNOWN: 404,
  DELIVERY_PLAN_STATE: 409,
  DELIVERY_PLAN_EMPTY: 409,
  DELIVERY_PLAN_STALE: 409,
  DELIVERY_DEAD_LETTER_UNKNOWN: 404,
};

export function httpStatusOf(error: AffidavitError): number {
  return STATUS[error.code] ?? (error.retry === 'never' ? 500 : 503);
}

/** Also what a limited key is told of an address that takes no account of limits. */
export function routeUnknown(): ApiError {
  return new ApiError({
    code: 'API_ROUTE_UNKNOWN',
    message: 'there is nothing at this address',
    remedy: 'See /docs for the addresses there are.',
    retry: 'never',
  });
}

export function notAcceptable(forms: readonly string[]): ApiError {
  return new ApiError({
    code: 'API_NOT_ACCEPTABLE',
    message: `this address answers as ${forms.join(' or ')}`,
    remedy: 'Name one of them in Accept, or leave the header out.',
    retry: 'never',
  });
}

/** @param reason what the API waits for */
export function starting(reason: string, remedy: string): ApiError {
  return new ApiError({
    code: 'API_STARTING',
    message: `the API is still starting: ${reason}`,
    remedy,
    retry: 'later',
  });
}

export function requestInvalid(detail: string): ApiError {
  return new ApiError({
    code: 'API_REQUEST_INVALID',
    message: detail,
    remedy: 'See /docs for what this address takes.',
    retry: 'never',
  });
}
