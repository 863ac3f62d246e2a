import { Controller, Get, Header, Injectable, Req, Res } from '@nestjs/common';
import type { Request, Response } from 'express';
import { encodeEntries, parseTilePath, TILE_WIDTH, type TileAddress } from '#ledger';
import { latestCheckpoint, readLeaves, StoredTiles } from '#record';
import { Operation } from './access.guard.js';
import { addressOf } from './access-watch.js';
import { ApiError } from './errors.js';
import { ApiParts } from './parts.js';
import { RequestRates } from './request-rates.js';

const TILES = '/log/tile/';
/** A tile never changes. */
const IMMUTABLE = 'public, max-age=31536000, immutable';

/** The Merkle log in the form that standard tools follow: C2SP tlog-tiles, https://c2sp.org/tlog-tiles (read 2026-11-29). */
@Injectable()
export class LogReads {
  constructor(
    private readonly parts: ApiParts,
    private readonly rates: RequestRates,
  ) {}

  async checkpoint(request: Request, response: Response): Promise<string> {
    this.rates.judge(`address ${addressOf(request)}`, response);
    const newest = await latestCheckpoint(this.parts.pool);
    if (!newest) throw unknown('nothing is signed yet', 'Wait a moment: the first checkpoint follows the first event.');
    response.type('text/plain; charset=utf-8');
    return newest.note;
  }

  async tile(request: Request, response: Response): Promise<void> {
    this.rates.judge(`address ${addressOf(request)}`, response);
    const address = parseTilePath(request.path.slice(TILES.length));
    if (!address || !(await this.isSealed(address))) {
      throw unknown(
        'the log has no such tile',
        'Ask for what a tree of the size in /log/checkpoint has: <level>/<index>[.p/<width>], or entries/<index>[.p/<width>].',
      );
    }
    const bytes = await this.read(address);
    response.setHeader('cache-control', IMMUTABLE);
    response.type('application/octet-stream').send(Buffer.from(bytes));
  }

  /** True where all that the tile is about lies below the newest checkpoint: nothing is told that is not signed. */
  private async isSealed({ level, index, width }: TileAddress): Promise<boolean> {
    const newest = await latestCheckpoint(this.parts.pool);
    const span = level === 'entries' ? 1 : TILE_WIDTH ** level;
    return (index * TILE_WIDTH + width) * span <= Number(newest?.size ?? 0n);
  }

  private async read({ level, index, width }: TileAddress): Promise<Uint8Array> {
    const { pool } = this.parts;
    if (level !== 'entries') return new StoredTiles(pool).tile(level, index, width);
    return encodeEntries(await readLeaves(pool, index * TILE_WIDTH, index * TILE_WIDTH + width));
  }
}

@Controller('log')
export class LogController {
  constructor(private readonly log: LogReads) {}

  @Get('checkpoint')
  @Header('cache-control', 'no-cache')
  @Operation({
    summary: 'The newest checkpoint: a signed note over size and root of the Merkle log',
    description: 'As C2SP tlog-checkpoint says, in text/plain.',
    role: 'public',
  })
  checkpoint(@Req() request: Request, @Res({ passthrough: true }) response: Response) {
    return this.log.checkpoint(request, response);
  }

  @Get('tile/*path')
  @Operation({
    summary: 'A hash tile, or a bundle of entries, of the Merkle log',
    description:
      'As C2SP tlog-tiles says, in application/octet-stream: `path` is `<level>/<index>[.p/<width>]` or `entries/<index>[.p/<width>]`, its slashes as they are. An entry is the leaf data of an event: time, class, run, number and digest, never its content.',
    role: 'public',
  })
  tile(@Req() request: Request, @Res() response: Response) {
    return this.log.tile(request, response);
  }
}

function unknown(message: string, remedy: string): ApiError {
  return new ApiError({ code: 'API_TILE_UNKNOWN', message, remedy, retry: 'never' });
}
