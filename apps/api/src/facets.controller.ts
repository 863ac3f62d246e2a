import { Controller, Get, Injectable, Param, Query } from '@nestjs/common';
import {
  type FacetFilter,
  type LimitedFilter,
  listApprovals,
  listConnections,
  listIdentities,
  whoTouched,
  withinLimits,
} from '#record';
import { Caller, Operation } from './access.guard.js';
import { AccessWatch } from './access-watch.js';
import { ApprovalListAnswer, ConnectionListAnswer, IdentityListAnswer, TouchListAnswer } from './answers.js';
import type { ApiCaller } from './authentication.js';
import { Horizon } from './horizon.js';
import { ApiParts } from './parts.js';
import { ApprovalListQuery, ConnectionListQuery, ConnectionName, IdentityListQuery, TouchQuery } from './requests.js';

@Injectable()
export class FacetReads {
  constructor(
    private readonly parts: ApiParts,
    private readonly horizon: Horizon,
    private readonly access: AccessWatch,
  ) {}

  async identities(query: IdentityListQuery, caller: ApiCaller) {
    const { filter, page, horizon } = await this.wanted<FacetFilter>(query, caller);
    if (!filter) return { identities: [], next: null, horizon };
    const { rows, cursor = null } = await listIdentities(this.parts.pool, filter, page);
    return { identities: rows, next: cursor, horizon };
  }

  async connections(query: ConnectionListQuery, caller: ApiCaller) {
    const { filter, page, horizon } = await this.wanted<FacetFilter>(query, caller);
    if (!filter) return { connections: [], next: null, horizon };
    const { rows, cursor = null } = await listConnections(this.parts.pool, filter, page);
    return { connections: rows, next: cursor, horizon };
  }

  async touched(connection: string, query: TouchQuery, caller: ApiCaller) {
    const { filter, page, horizon } = await this.wanted<FacetFilter>({ ...query, connection }, caller);
    if (!filter) return { identities: [], horizon };
    return { identities: await whoTouched(this.parts.pool, { ...filter, connection }, page.limit), horizon };
  }

  async approvals(query: ApprovalListQuery, caller: ApiCaller) {
    const { filter, page } = await this.wanted<Omit<ApprovalListQuery, 'limit' | 'cursor'>>(query, caller);
    if (!filter) return { approvals: [], next: null };
    const { approvals, cursor = null } = await listApprovals(this.parts.pool, filter as object, page);
    return { approvals, next: cursor };
  }

  /** What was asked for, as far as it lies within the caller's limits; where nothing does, that he asked is on the record. */
  private async wanted<T extends object>(
    { limit, cursor, ...given }: { limit: number; cursor?: string | undefined; connection?: string | undefined },
    caller: ApiCaller,
  ): Promise<{ filter: T | undefined; page: { limit: number; cursor?: string }; horizon: bigint }> {
    const named = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
    const filter = withinLimits(named as LimitedFilter, caller.limits) as T | undefined;
    if (!filter) await this.access.beyond(caller);
    const page = cursor === undefined ? { limit } : { limit, cursor };
    return { filter, page, horizon: await this.horizon.reached(undefined) };
  }
}

@Controller('v1')
export class FacetsController {
  constructor(private readonly facets: FacetReads) {}

  @Get('identities')
  @Operation({
    summary: 'Identities that had sessions, by id',
    role: 'viewer',
    reads: 'identities',
    keepsLimits: true,
    answer: IdentityListAnswer,
  })
  identities(@Query({ schema: IdentityListQuery }) query: IdentityListQuery, @Caller() caller: ApiCaller) {
    return this.facets.identities(query, caller);
  }

  @Get('connections')
  @Operation({
    summary: 'Connections that had sessions, by name',
    role: 'viewer',
    reads: 'connections',
    keepsLimits: true,
    answer: ConnectionListAnswer,
  })
  connections(@Query({ schema: ConnectionListQuery }) query: ConnectionListQuery, @Caller() caller: ApiCaller) {
    return this.facets.connections(query, caller);
  }

  @Get('connections/:name/identities')
  @Operation({
    summary: 'Who touched a connection, the last first',
    description: 'Counts all sessions of the time that is asked for.',
    role: 'viewer',
    reads: 'connections',
    keepsLimits: true,
    answer: TouchListAnswer,
  })
  touched(
    @Param('name', { schema: ConnectionName }) name: string,
    @Query({ schema: TouchQuery }) query: TouchQuery,
    @Caller() caller: ApiCaller,
  ) {
    return this.facets.touched(name, query, caller);
  }

  @Get('approvals')
  @Operation({
    summary: 'What was asked for, granted, rejected or bypassed, newest first',
    description: 'One entry for each act, as it was recorded.',
    role: 'viewer',
    reads: 'approvals',
    keepsLimits: true,
    answer: ApprovalListAnswer,
  })
  approvals(@Query({ schema: ApprovalListQuery }) query: ApprovalListQuery, @Caller() caller: ApiCaller) {
    return this.facets.approvals(query, caller);
  }
}
