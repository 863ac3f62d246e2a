import { Controller, Get, Injectable, Param, Query } from '@nestjs/common';
import {
  type ApiKey,
  getSession,
  listHoldsOnSession,
  listSessions,
  readEventPage,
  readHead,
  type SessionFilter,
  type SessionView,
} from '#record';
import { Caller, Operation } from './access.guard.js';
import { SessionAnswer, SessionListAnswer } from './answers.js';
import { ApiError } from './errors.js';
import { EventBytes } from './event-json.js';
import { PAGE_BYTES } from './events.controller.js';
import { Horizon } from './horizon.js';
import { ApiParts } from './parts.js';
import { SessionId, SessionListQuery, SessionQuery } from './requests.js';

export interface SessionList {
  sessions: SessionView[];
  next: string | null;
  horizon: bigint;
}

@Injectable()
export class SessionReads {
  constructor(
    private readonly parts: ApiParts,
    private readonly horizon: Horizon,
  ) {}

  async list({ limit, cursor, atLeast, ...query }: SessionListQuery, caller: ApiKey): Promise<SessionList> {
    await this.parts.sittings.note(caller, 'sessions');
    const horizon = await this.horizon.reached(atLeast);
    const page = await listSessions(this.parts.prisma, filterOf(query), { limit, ...(cursor ? { cursor } : {}) });
    return { sessions: page.sessions, next: page.cursor ?? null, horizon };
  }

  async one(id: string, { after = -1n, limit, atLeast }: SessionQuery, caller: ApiKey): Promise<EventBytes> {
    const { pool, prisma, sittings } = this.parts;
    await sittings.note(caller, 'session');
    const horizon = await this.horizon.reached(atLeast);
    const session = await getSession(prisma, id);
    if (!session) throw sessionUnknown(id, horizon);
    const { size } = await readHead(pool);
    const range = { from: after + 1n, until: size, limit, maxBytes: PAGE_BYTES };
    const page = await readEventPage(pool, range, { session: id });
    const more = page.rest.from < page.rest.until;
    const holds = await listHoldsOnSession(pool, id);
    return new EventBytes(page, { session, holds, next: page.rest.from - 1n, more, horizon }, horizon);
  }
}

@Controller('v1/sessions')
export class SessionsController {
  constructor(private readonly sessions: SessionReads) {}

  @Get()
  @Operation({
    summary: 'Sessions, newest first',
    description: 'By the time they were opened. Pages stay in step while sessions arrive.',
    role: 'viewer',
    answer: SessionListAnswer,
  })
  list(@Query({ schema: SessionListQuery }) query: SessionListQuery, @Caller() caller: ApiKey) {
    return this.sessions.list(query, caller);
  }

  @Get(':id')
  @Operation({ summary: 'One session with its events, oldest first', role: 'viewer', answer: SessionAnswer })
  one(
    @Param('id', { schema: SessionId }) id: string,
    @Query({ schema: SessionQuery }) query: SessionQuery,
    @Caller() caller: ApiKey,
  ) {
    return this.sessions.one(id, query, caller);
  }
}

function filterOf(query: Omit<SessionListQuery, 'limit' | 'cursor' | 'atLeast'>): SessionFilter {
  return Object.fromEntries(Object.entries(query).filter(([, value]) => value !== undefined));
}

function sessionUnknown(id: string, horizon: bigint): ApiError {
  return new ApiError({
    code: 'API_SESSION_UNKNOWN',
    message: `up to position ${horizon} the record knows no session ${id}`,
    remedy:
      'If it has only just begun, ask with `atLeast` and the position of one of its events; what retention purged, GET /v1/retention says.',
    retry: 'never',
  });
}
