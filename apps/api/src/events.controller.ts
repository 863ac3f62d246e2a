import { Controller, Get, Injectable, Query } from '@nestjs/common';
import { type ApiKey, type EventFilter, readEventPage, readHead, readPurges } from '#record';
import { Caller, Operation } from './access.guard.js';
import { EventListAnswer } from './answers.js';
import { EventBytes } from './event-json.js';
import { ApiParts } from './parts.js';
import { EventListQuery } from './requests.js';

/** A page ends earlier than its limit where its events are large. One alone may be 8 MiB. */
export const PAGE_BYTES = 4 * 1024 * 1024;

@Injectable()
export class EventReads {
  constructor(private readonly parts: ApiParts) {}

  async list(query: EventListQuery, caller: ApiKey): Promise<EventBytes> {
    const { pool, sittings } = this.parts;
    await sittings.note(caller, 'events');
    const { size: head } = await readHead(pool);
    const newestFirst = query.before !== undefined;
    const end = query.before === 'head' ? undefined : (query.before ?? query.until);
    const before = end === undefined || end > head ? head : end;
    const from = newestFirst ? 0n : (query.after ?? -1n) + 1n;
    const page = await readEventPage(
      pool,
      { from, until: before, limit: query.limit, maxBytes: PAGE_BYTES, newestFirst },
      filterOf(query),
    );
    const more = page.rest.from < page.rest.until;
    // Beyond the head nothing is known: whoever asked for more goes on from where the log ends.
    const next = newestFirst ? page.rest.until : page.rest.from - 1n;
    const seen = newestFirst ? { from: page.rest.until, until: before } : { from, until: page.rest.from };
    return new EventBytes(page, { next, more, head, purged: await readPurges(pool, seen) });
  }
}

@Controller('v1/events')
export class EventsController {
  constructor(private readonly events: EventReads) {}

  @Get()
  @Operation({
    summary: 'The log, page by page',
    description:
      'With `after` oldest first, with `before` newest first. To follow it, ask again with the `next` of the last answer.',
    role: 'viewer',
    answer: EventListAnswer,
  })
  list(@Query({ schema: EventListQuery }) query: EventListQuery, @Caller() caller: ApiKey) {
    return this.events.list(query, caller);
  }
}

function filterOf({ type, session, identity, connection }: EventListQuery): EventFilter {
  return {
    ...(type ? { types: type } : {}),
    ...(session === undefined ? {} : { session }),
    ...(identity === undefined ? {} : { identity }),
    ...(connection === undefined ? {} : { connection }),
  };
}
