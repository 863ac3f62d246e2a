import { Controller, Get, Injectable, Param, Query, Req } from '@nestjs/common';
import type { Request } from 'express';
import {
  type CommandRange,
  commandTextOf,
  getSession,
  isWithin,
  type LimitedFilter,
  listHoldsOnSession,
  listSessions,
  narrowToRecorded,
  readEventPage,
  readHead,
  type SessionFilter,
  type SessionPage,
  type SessionView,
  searchSessions,
  withinLimits,
} from '#record';
import { Caller, Operation } from './access.guard.js';
import { AccessWatch } from './access-watch.js';
import { AnswerStream } from './answer-stream.js';
import { SessionAnswer, SessionListAnswer } from './answers.js';
import type { ApiCaller } from './authentication.js';
import { ApiError, notAcceptable } from './errors.js';
import { EventBytes } from './event-json.js';
import { PAGE_BYTES } from './events.controller.js';
import { Horizon } from './horizon.js';
import { ApiParts } from './parts.js';
import { SessionId, SessionListQuery, SessionQuery } from './requests.js';
import { CSV_HEAD, csvLine } from './session-csv.js';

const PAGE_SESSIONS = 50;
const STREAM_PAGE = 500;
export const CSV = 'text/csv';

export interface SessionList {
  sessions: SessionView[];
  next: string | null;
  horizon: bigint;
}

interface Asked {
  horizon: bigint;
  /** Undefined: beyond the caller's limits. */
  filter: SessionFilter | undefined;
  commands: CommandRange | undefined;
}

@Injectable()
export class SessionReads {
  constructor(
    private readonly parts: ApiParts,
    private readonly horizon: Horizon,
    private readonly access: AccessWatch,
  ) {}

  async list(query: SessionListQuery, caller: ApiCaller): Promise<SessionList> {
    const { limit = PAGE_SESSIONS, cursor, atLeast } = query;
    const { horizon, filter, commands } = await this.asked(query, atLeast, caller);
    if (!filter) return { sessions: [], next: null, horizon };
    const page = await this.page(filter, commands, pageOf(cursor, limit));
    return { sessions: page.sessions, next: page.cursor ?? null, horizon };
  }

  /** All sessions that fit, or `limit` of them, newest first. */
  async csv(query: SessionListQuery, caller: ApiCaller): Promise<AnswerStream> {
    const { horizon, filter, commands } = await this.asked(query, query.atLeast, caller);
    const { sittings } = this.parts;
    const pageFrom = (place: { limit: number; cursor?: string }) => this.page(filter ?? {}, commands, place);
    // A cursor that is none is said before the first byte.
    const first = filter && (await pageFrom(pageOf(query.cursor, 1)));
    async function* lines() {
      yield Buffer.from(CSV_HEAD);
      if (!filter || (first?.sessions.length === 0 && first.cursor === undefined)) return;
      let left = query.limit ?? Number.POSITIVE_INFINITY;
      let cursor = query.cursor;
      do {
        await sittings.note(caller, 'sessions');
        const page = await pageFrom(pageOf(cursor, Math.min(STREAM_PAGE, left)));
        yield Buffer.from(page.sessions.map(csvLine).join(''));
        sittings.tally(caller, 'sessions', page.sessions.length, 0);
        left -= page.sessions.length;
        cursor = page.cursor;
      } while (cursor !== undefined && left > 0);
    }
    return new AnswerStream(`${CSV}; charset=utf-8; header=present`, lines(), {
      'affidavit-horizon': String(horizon),
      'content-disposition': 'attachment; filename="sessions.csv"',
    });
  }

  async one(id: string, { after = -1n, limit, atLeast }: SessionQuery, caller: ApiCaller): Promise<EventBytes> {
    const { pool, prisma } = this.parts;
    const horizon = await this.horizon.reached(atLeast);
    const session = await getSession(prisma, id);
    if (!session || !isWithin(caller.limits, { at: session.openedAt, connection: session.connection })) {
      // Also where there is none: neither the answer nor how long it took says which it was.
      if (caller.limits) await this.access.beyond(caller);
      throw sessionUnknown(id, horizon);
    }
    const { size } = await readHead(pool);
    const within = withinLimits<LimitedFilter>({}, caller.limits) ?? {};
    const range = await narrowToRecorded(pool, { from: after + 1n, until: size }, within);
    const { connections } = within;
    const filter = { session: id, ...(connections ? { connections } : {}) };
    const page = await readEventPage(pool, { ...range, limit, maxBytes: PAGE_BYTES }, filter);
    const more = page.rest.from < page.rest.until;
    const holds = await listHoldsOnSession(pool, id);
    return new EventBytes(page, { session, holds, next: page.rest.from - 1n, more, horizon }, horizon);
  }

  /** What of a question lies within the limits of whoever asks, and in which commands its text is looked for. */
  private async asked(query: SessionListQuery, atLeast: bigint | undefined, caller: ApiCaller): Promise<Asked> {
    const text = query.text === undefined ? undefined : commandTextOf(query.text);
    let horizon = await this.horizon.reached(atLeast);
    const filter = withinLimits(filterOf(query), caller.limits);
    if (!filter) await this.access.beyond(caller);
    if (!text || !filter) return { horizon, filter, commands: undefined };
    const searched = await this.horizon.reached(atLeast, 'commands');
    if (searched < horizon) horizon = searched;
    // By when they were recorded, as for events: a session within the limits may go on beyond them.
    const range = await narrowToRecorded(this.parts.pool, { from: 0n, until: horizon + 1n }, caller.limits ?? {});
    return { horizon, filter, commands: { text, ...range } };
  }

  private page(
    filter: SessionFilter,
    commands: CommandRange | undefined,
    place: { limit: number; cursor?: string },
  ): Promise<SessionPage> {
    const { pool, prisma } = this.parts;
    return commands
      ? searchSessions({ db: pool, prisma }, filter, commands, place)
      : listSessions(prisma, filter, place);
  }
}

@Controller('v1/sessions')
export class SessionsController {
  constructor(private readonly sessions: SessionReads) {}

  @Get()
  @Operation({
    summary: 'Sessions, newest first',
    description:
      'By the time they were opened. With `text` by their newest command that holds the words: a page may then be short, or empty, although `next` leads on. Pages stay in step while sessions arrive. As text/csv all that fit come in one answer; what a spreadsheet would run as a formula begins with a quote.',
    role: 'viewer',
    reads: 'sessions',
    keepsLimits: true,
    answer: SessionListAnswer,
    alsoAs: [CSV],
  })
  list(
    @Query({ schema: SessionListQuery }) query: SessionListQuery,
    @Caller() caller: ApiCaller,
    @Req() request: Request,
  ): Promise<SessionList | AnswerStream> {
    const form = request.accepts('application/json', CSV);
    if (form === false) throw notAcceptable(['application/json', CSV]);
    return form === CSV ? this.sessions.csv(query, caller) : this.sessions.list(query, caller);
  }

  @Get(':id')
  @Operation({
    summary: 'One session with its events, oldest first',
    role: 'viewer',
    reads: 'session',
    keepsLimits: true,
    answer: SessionAnswer,
  })
  one(
    @Param('id', { schema: SessionId }) id: string,
    @Query({ schema: SessionQuery }) query: SessionQuery,
    @Caller() caller: ApiCaller,
  ) {
    return this.sessions.one(id, query, caller);
  }
}

function pageOf(cursor: string | undefined, limit: number) {
  return cursor === undefined ? { limit } : { limit, cursor };
}

function filterOf({ limit: _, cursor: __, atLeast: ___, text: ____, ...filter }: SessionListQuery): SessionFilter {
  return Object.fromEntries(Object.entries(filter).filter(([, value]) => value !== undefined));
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
