import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { Body, Controller, Delete, Get, HttpCode, Injectable, Param, Post, Query, Req, Res } from '@nestjs/common';
import type { Request, Response } from 'express';
import { AffidavitError, instantOfMillis } from '#events';
import {
  apiKeyName,
  deleteExport,
  type Export,
  type ExportFileName,
  type ExportSelection,
  exportFileName,
  findExport,
  listExports,
  opensLink,
  readExport,
  requestExport,
  signLink,
} from '#record';
import { Caller, Operation } from './access.guard.js';
import { AccessWatch, addressOf } from './access-watch.js';
import { ExportAnswer, ExportListAnswer, WholeExportAnswer } from './answers.js';
import type { ApiCaller } from './authentication.js';
import { ApiError, requestInvalid } from './errors.js';
import { ApiParts } from './parts.js';
import { RequestRates } from './request-rates.js';
import { DownloadQuery, ExportBody, ExportId, ExportListQuery, NoQuery } from './requests.js';

const CONTENT_TYPE = {
  ndjson: 'application/x-ndjson; charset=utf-8',
  csv: 'text/csv; charset=utf-8; header=present',
  json: 'application/json; charset=utf-8',
  zip: 'application/zip',
} as const;

/** What is answered where there is nothing, or nothing that the caller may know of. */
const BEYOND = new Set(['RECORD_EXPORT_UNKNOWN', 'RECORD_EXPORT_EMPTY']);

@Injectable()
export class Exports {
  constructor(
    private readonly parts: ApiParts,
    private readonly access: AccessWatch,
    private readonly rates: RequestRates,
  ) {}

  /** The limits of whoever asks are part of what he asks for: they hold, and can be seen, as long as the export is known. */
  async request({ kind, format, force, ...given }: ExportBody, caller: ApiCaller) {
    if ((kind === 'evidence') !== (format === 'zip')) {
      throw requestInvalid('format: a bundle of evidence is a zip, and nothing else is');
    }
    const { pool, exports } = this.parts;
    const asked = { ...given, limits: caller.limits ?? undefined };
    const selection = Object.fromEntries(Object.entries(asked).filter(([, value]) => value !== undefined));
    const request = { kind, format, selection: selection as ExportSelection, forced: force };
    const one = await this.watched(caller, requestExport(pool, request, caller, exports.folder.name));
    exports.wake();
    return viewOf(one);
  }

  async list({ limit }: ExportListQuery, caller: ApiCaller) {
    return { exports: (await listExports(this.parts.pool, { limit, ...ownerOf(caller) })).map(viewOf) };
  }

  /** Whoever gets a link can read what was exported: the guard has put that on the record first. */
  async show(id: string, caller: ApiCaller) {
    const one = await this.watched(caller, readExport(this.parts.pool, id, ownerOf(caller).owner));
    if (one.manifest === null) return { ...viewOf(one), links: null };
    const link = (file: ExportFileName) => {
      const { expires, signature } = signLink(one, file);
      return { expires, url: `/v1/exports/${id}/download?file=${file}&expires=${expires}&signature=${signature}` };
    };
    const manifest = link('manifest');
    const links = {
      events: this.isHere(one) ? link('events').url : null,
      manifest: manifest.url,
      expireAt: instantOfMillis(manifest.expires * 1000),
    };
    return { ...viewOf(one), links };
  }

  async remove(id: string, caller: ApiCaller): Promise<void> {
    const { pool, exports } = this.parts;
    await this.watched(caller, deleteExport(pool, id, apiKeyName(caller), ownerOf(caller).owner));
    await exports.folder.sweep(pool);
  }

  /** Streams a file, or a range of it; memory does not grow with it. */
  async download(id: string, query: DownloadQuery, request: Request, response: Response): Promise<void> {
    const { file, signature } = query;
    const what = 'GET /v1/exports/:id/download';
    const one = await this.access.guarded(addressOf(request), what, () => this.opened(id, query), signature);
    this.rates.judge(one.keyId, response);
    if (one.manifest === null) throw gone(one);
    if (file === 'manifest') {
      response.setHeader('content-disposition', `attachment; filename="${id}.manifest.json"`);
      response.type('application/json').send(one.manifest);
      return;
    }
    if (one.state !== 'finished') throw gone(one);
    if (!this.isHere(one)) throw elsewhere(one);
    const path = this.parts.exports.folder.fileOf(id, one.attempt);
    await new Promise<void>((resolve, reject) => {
      const headers = {
        'content-type': CONTENT_TYPE[one.format],
        'content-disposition': `attachment; filename="${exportFileName(one)}"`,
      };
      // A folder may well lie below one whose name begins with a dot.
      const options = { root: dirname(path), cacheControl: false, etag: false, lastModified: false, headers };
      response.sendFile(basename(path), options, (error) => {
        // A client that left has what it wanted, or nothing: either way there is nobody to tell.
        if (error && !response.headersSent) reject(error);
        else resolve();
      });
    });
  }

  /** One answer for an unknown export, a guessed link and an old one: a stranger learns nothing. */
  private async opened(id: string, { file, ...link }: DownloadQuery): Promise<Export> {
    const one = await findExport(this.parts.pool, id);
    if (!one || !opensLink(one, file, link)) throw linkRefused();
    return one;
  }

  /** Where somebody with limits finds nothing, it may be that he reached beyond them. */
  private async watched<T>(caller: ApiCaller, work: Promise<T>): Promise<T> {
    try {
      return await work;
    } catch (error) {
      const isBeyond = error instanceof AffidavitError && BEYOND.has(error.code);
      if (caller.limits && isBeyond) await this.access.beyond(caller);
      throw error;
    }
  }

  private isHere({ id, attempt, state, folder }: Export): boolean {
    const here = this.parts.exports.folder;
    return state === 'finished' && folder === here.name && existsSync(here.fileOf(id, attempt));
  }
}

@Controller('v1/exports')
export class ExportsController {
  constructor(private readonly exports: Exports) {}

  @Post()
  @HttpCode(202)
  @Operation({
    summary: 'Ask for an export: a background job that survives restarts',
    description:
      'What is recorded when it is asked for belongs to it; the limits of the key are part of it. Until it is finished no purge drops what it is still to read.',
    role: 'auditor',
    keepsLimits: true,
    status: 202,
    answer: ExportAnswer,
  })
  request(@Body({ schema: ExportBody }) body: ExportBody, @Caller() caller: ApiCaller) {
    return this.exports.request(body, caller);
  }

  @Get()
  @Operation({
    summary: 'Exports, newest first',
    description: 'A key sees its own, an admin key all.',
    role: 'auditor',
    reads: 'exports',
    keepsLimits: true,
    answer: ExportListAnswer,
  })
  list(@Query({ schema: ExportListQuery }) query: ExportListQuery, @Caller() caller: ApiCaller) {
    return this.exports.list(query, caller);
  }

  @Get(':id')
  @Operation({
    summary: 'One export: how far it is, and, when it is finished, links to fetch it',
    role: 'auditor',
    reads: 'exports',
    keepsLimits: true,
    answer: WholeExportAnswer,
  })
  show(
    @Param('id', { schema: ExportId }) id: string,
    @Query({ schema: NoQuery }) _query: unknown,
    @Caller() caller: ApiCaller,
  ) {
    return this.exports.show(id, caller);
  }

  @Get(':id/download')
  @Operation({
    summary: 'Fetch the file or the manifest, by a link that this API gave out',
    description: 'A part of the file comes with the header `range`, so that a download can go on.',
    role: 'public',
  })
  download(
    @Param('id', { schema: ExportId }) id: string,
    @Query({ schema: DownloadQuery }) query: DownloadQuery,
    @Req() request: Request,
    @Res() response: Response,
  ) {
    return this.exports.download(id, query, request, response);
  }

  @Delete(':id')
  @HttpCode(204)
  @Operation({
    summary: 'End an export, or remove its file before its time',
    description: 'That it was made stays on the record.',
    role: 'auditor',
    keepsLimits: true,
    status: 204,
  })
  remove(@Param('id', { schema: ExportId }) id: string, @Caller() caller: ApiCaller) {
    return this.exports.remove(id, caller);
  }
}

/** An administrator sees all exports, everybody else what he asked for himself: another key may have been allowed more. */
function ownerOf(caller: ApiCaller): { owner?: string } {
  return caller.role === 'admin' ? {} : { owner: caller.id };
}

function viewOf(one: Export) {
  const { id, kind, format, selection, state, from, to, requestedBy, createdAt, finishedAt, keepUntil, error } = one;
  const { savepoint, manifest } = one;
  const isMade = manifest !== null && savepoint !== null;
  return {
    ...{ id, kind, format, selection, state, from, to },
    next: isMade ? to : (savepoint?.next ?? from),
    count: savepoint?.count ?? 0,
    bytes: savepoint?.bytes ?? 0,
    ...{ requestedBy, createdAt, finishedAt, keepUntil, error },
    file: isMade ? { name: exportFileName(one), bytes: savepoint.bytes, sha256: savepoint.sha256 } : null,
    manifestSha256: manifest === null ? null : createHash('sha256').update(manifest).digest('hex'),
  };
}

function linkRefused(): ApiError {
  return new ApiError({
    code: 'API_LINK_REFUSED',
    message: 'the link is not one that opens anything',
    remedy: 'Links open for a quarter of an hour: ask GET /v1/exports/{id} for a new one, and use it unchanged.',
    retry: 'never',
  });
}

function gone({ id, state }: Export): ApiError {
  return new ApiError({
    code: 'API_EXPORT_GONE',
    message: `the file of ${id} is no longer kept: it is ${state}`,
    remedy: 'Ask for the same export again; the record has what retention did not remove.',
    retry: 'never',
  });
}

function elsewhere({ id }: Export): ApiError {
  return new ApiError({
    code: 'API_EXPORT_ELSEWHERE',
    message: `the file of ${id} is not in the folder of exports of this node`,
    remedy: 'Ask the node that made it, or let all nodes share one folder (AFFIDAVIT_EXPORT_DIR).',
    retry: 'never',
  });
}
