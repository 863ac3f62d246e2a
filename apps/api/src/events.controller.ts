import { Controller, Get, Injectable, Query, Req } from '@nestjs/common';
import type { Request } from 'express';
import {
  type CommandText,
  commandTextOf,
  type EventFilter,
  type EventPage,
  type EventPageRange,
  narrowToRecorded,
  readEventPage,
  readHead,
  readPurges,
  searchCommands,
  withinLimits,
} from '#record';
import { Caller, Operation } from './access.guard.js';
import { AccessWatch } from './access-watch.js';
import { AnswerStream } from './answer-stream.js';
import { EventListAnswer } from './answers.js';
import type { ApiCaller } from './authentication.js';
import { notAcceptable } from './errors.js';
import { EventBytes, eventLines } from './event-json.js';
import { Horizon } from './horizon.js';
import { ApiParts } from './parts.js';
import { EventListQuery } from './requests.js';

/** A page ends earlier than its limit where its events are large. One alone may be 8 MiB. */
export const PAGE_BYTES = 4 * 1024 * 1024;

const PAGE_EVENTS = 100;
const STREAM_PAGE = { limit: 1_000, maxBytes: 1024 * 1024 };

export const NDJSON = 'application/x-ndjson';

interface Wanted {
  range: Pick<EventPageRange, 'from' | 'until' | 'newestFirst'>;
  filter: EventFilter;
  head: bigint;
  text: CommandText | undefined;
  /** Of a search. */
  horizon: bigint | undefined;
}

@Injectable()
export class EventReads {
  constructor(
    private readonly parts: ApiParts,
    private readonly access: AccessWatch,
    private readonly horizon: Horizon,
  ) {}

  async list(query: EventListQuery, caller: ApiCaller): Promise<EventBytes> {
    const { pool } = this.parts;
    const wanted = await this.wanted(query, caller);
    const { range, head, horizon } = wanted;
    const { from, until, newestFirst } = range;
    const page = await this.page(wanted, { ...range, limit: query.limit ?? PAGE_EVENTS, maxBytes: PAGE_BYTES });
    const more = page.rest.from < page.rest.until;
    // Beyond the head nothing is known: whoever asked for more goes on from where the log ends.
    const next = newestFirst ? page.rest.until : page.rest.from - 1n;
    const seen = newestFirst ? { from: page.rest.until, until } : { from, until: page.rest.from };
    const members = {
      next,
      more,
      head,
      ...(horizon === undefined ? {} : { horizon }),
      purged: await readPurges(pool, seen),
    };
    return new EventBytes(page, members, horizon, head);
  }

  /** All of the range as it is when it is asked for, page by page underneath: between two pages no transaction stays open. */
  async stream(query: EventListQuery, caller: ApiCaller): Promise<AnswerStream> {
    const wanted = await this.wanted(query, caller);
    const { range, head, horizon } = wanted;
    const { sittings } = this.parts;
    const pageOf = (part: EventPageRange) => this.page(wanted, part);
    async function* lines() {
      let { from, until } = range;
      let left = query.limit ?? Number.POSITIVE_INFINITY;
      while (until > from && left > 0) {
        // It may go on beyond the sitting in which it began.
        await sittings.note(caller, 'events');
        const limit = Math.min(STREAM_PAGE.limit, left);
        const page = await pageOf({ ...range, ...STREAM_PAGE, from, until, limit });
        if (page.events.length > 0) yield eventLines(page);
        sittings.tally(caller, 'events', page.events.length, 0);
        left -= page.events.length;
        ({ from, until } = page.rest);
      }
    }
    return new AnswerStream(NDJSON, lines(), {
      'affidavit-head': String(head),
      'affidavit-range': `${range.from}-${range.until}`,
      ...(horizon === undefined ? {} : { 'affidavit-horizon': String(horizon) }),
    });
  }

  private page({ filter, text }: Wanted, range: EventPageRange): Promise<EventPage> {
    const { pool } = this.parts;
    return text ? searchCommands(pool, range, filter, text) : readEventPage(pool, range, filter);
  }

  private async wanted(query: EventListQuery, caller: ApiCaller): Promise<Wanted> {
    const { pool } = this.parts;
    const text = query.text === undefined ? undefined : commandTextOf(query.text);
    const horizon = text && (await this.horizon.reached(query.atLeast, 'commands'));
    const { size: head } = await readHead(pool);
    const most = horizon === undefined ? head : horizon + 1n;
    const newestFirst = query.before !== undefined;
    const end = query.before === 'head' ? undefined : (query.before ?? query.until);
    const until = end === undefined || end > most ? most : end;
    const from = newestFirst ? 0n : (query.after ?? -1n) + 1n;
    const within = withinLimits(filterOf(query), caller.limits);
    if (!within) {
      await this.access.beyond(caller);
      return { range: { from: until, until, newestFirst }, filter: {}, head, text, horizon };
    }
    const { from: recordedFrom, to: recordedTo, ...filter } = within;
    const time = { from: recordedFrom, to: recordedTo };
    const narrowed = await narrowToRecorded(pool, { from, until }, time);
    return { range: { ...narrowed, newestFirst }, filter, head, text, horizon };
  }
}

@Controller('v1/events')
export class EventsController {
  constructor(private readonly events: EventReads) {}

  @Get()
  @Operation({
    summary: 'The log, page by page or as a stream',
    description:
      'With `after` oldest first, with `before` newest first. To follow it, ask again with the `next` of the last answer. As application/x-ndjson all of the range comes in one answer, an event a line; its header `affidavit-range` says the positions (the second exclusive). An answer that breaks off has no proper end. With `text` what comes are commands (and chunks of long ones) that hold the words; one request looks through so much and no more: a page may be short, or empty, with `more: true`.',
    role: 'viewer',
    reads: 'events',
    keepsLimits: true,
    answer: EventListAnswer,
    alsoAs: [NDJSON],
  })
  list(@Query({ schema: EventListQuery }) query: EventListQuery, @Caller() caller: ApiCaller, @Req() request: Request) {
    const form = request.accepts('application/json', NDJSON);
    if (form === false) throw notAcceptable(['application/json', NDJSON]);
    return form === NDJSON ? this.events.stream(query, caller) : this.events.list(query, caller);
  }
}

function filterOf(query: EventListQuery): EventFilter & { from?: string; to?: string } {
  const { after: _, before: __, until: ___, limit: ____, text: _____, atLeast: ______, type, ...rest } = query;
  const given = Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== undefined));
  return type ? { ...given, types: type } : given;
}
