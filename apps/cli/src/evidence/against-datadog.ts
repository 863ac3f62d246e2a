import {
  hashesOf,
  type Note,
  type NoteKey,
  noteKey,
  parseCheckpoint,
  parseNote,
  parseNoteKey,
  parseOrigin,
  signersOf,
  type TileSource,
  tilePath,
  toHex,
  treeRoot,
} from '#ledger';
import type { Settings } from '#platform';
import { ApiClient } from '../api-client.js';
import { attribute, datadogAccess, searchLogs } from '../datadog-reader.js';
import { CliError } from '../errors.js';

/** Datadog's own default retention of logs. */
const FROM = 'now-15d';
/** Each takes a few requests, and an address may make a thousand at once. */
const MOST = 200;

/** A checkpoint as Datadog has it, held against the log as it is now. */
export interface ComparedCheckpoint {
  generation: number;
  size: number;
  /** Hexadecimal, as signed. */
  root: string;
  /** agrees; differs: what is recorded was changed; rolled-back: of a generation before, over what PostgreSQL lost or may have lost; forged:
   * no key of the log signed it. */
  verdict: 'agrees' | 'differs' | 'rolled-back' | 'forged';
  /** Root of the log here at that size, where it is another. */
  here?: string;
}

export interface Comparison {
  log: string;
  generation: number;
  compared: ComparedCheckpoint[];
}

/**
 * Reads the checkpoints that arrived at Datadog and holds them against the log's own tiles. Roots are worked out here: nothing but hashes is
 * taken from the API.
 * @throws CLI_NO_APP_KEY, CLI_DATADOG_UNREACHABLE, CLI_DATADOG_REFUSED, CLI_API_UNREACHABLE
 */
export async function compareWithDatadog(
  settings: Settings,
  onProgress: (done: number, total: number) => void,
): Promise<Comparison> {
  const access = datadogAccess(settings);
  if (!access) {
    throw new CliError({
      code: 'CLI_NO_APP_KEY',
      message: 'reading checkpoints back from Datadog needs an application key',
      remedy: 'Set DD_APP_KEY beside DD_API_KEY.',
      retry: 'never',
    });
  }
  const api = ApiClient.of(settings);
  const { log, generation, keys } = await api.read('/v1/log');
  const logs = await searchLogs(access, `@evt.name:checkpoint.signed @checkpoint.log:"${log}"`, {
    from: FROM,
    limit: MOST,
  });
  const tiles = new HttpTiles(api);
  const compared: ComparedCheckpoint[] = [];
  for (const [at, one] of logs.entries()) {
    onProgress(at, logs.length);
    const note = attribute(one, 'checkpoint.note');
    if (typeof note !== 'string') continue;
    const told = toldBy(note, log, keys);
    if (!told) continue;
    compared.push(await judged(told, generation, tiles));
  }
  onProgress(logs.length, logs.length);
  return { log, generation, compared };
}

type Told = Pick<ComparedCheckpoint, 'generation' | 'size' | 'root'> & { isSigned: boolean };

/** What a note says of this log; undefined where it is no checkpoint of it. */
function toldBy(text: string, log: string, keys: readonly string[]): Told | undefined {
  try {
    const note = parseNote(text);
    const { origin, size, root } = parseCheckpoint(note.text);
    const of = parseOrigin(origin);
    if (of?.log !== log) return undefined;
    // The same keys under the name of that generation.
    const named = keys.map((key) => noteKey(origin, parseNoteKey(key).publicKey));
    return { generation: of.generation, size, root: toHex(root), isSigned: isSignedBy(note, named) };
  } catch {
    return undefined;
  }
}

function isSignedBy(note: Note, keys: readonly NoteKey[]): boolean {
  try {
    return signersOf(note, keys).length > 0;
  } catch {
    return false;
  }
}

async function judged(told: Told, generation: number, tiles: TileSource): Promise<ComparedCheckpoint> {
  const { isSigned, ...checkpoint } = told;
  if (!isSigned) return { ...checkpoint, verdict: 'forged' };
  const here = await treeRoot(tiles, told.size).then(toHex, () => undefined);
  if (here === told.root) return { ...checkpoint, verdict: 'agrees' };
  if (told.generation < generation) return { ...checkpoint, verdict: 'rolled-back', ...(here ? { here } : {}) };
  return { ...checkpoint, verdict: 'differs', ...(here ? { here } : {}) };
}

/** Tiles over HTTP; a full one is fetched once. */
class HttpTiles implements TileSource {
  private readonly full = new Map<string, Promise<Uint8Array>>();

  constructor(private readonly api: ApiClient) {}

  tile(level: number, index: number, width: number): Promise<Uint8Array> {
    const path = tilePath({ level, index, width });
    const known = this.full.get(path);
    if (known) return known;
    const fetched = this.api.bytes(`/log/tile/${path}`).then((bytes) => {
      hashesOf(bytes);
      return bytes;
    });
    this.full.set(path, fetched);
    return fetched;
  }
}
