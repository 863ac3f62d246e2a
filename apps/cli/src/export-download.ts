import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { open, rename, rm, writeFile } from 'node:fs/promises';
import type { WholeExportView } from './api-types.js';
import { CliError, EXIT, usageError } from './errors.js';

/** No answer, or nothing of it, for so long: the line is dead. */
const SILENCE_MS = 60_000;

export interface Downloaded {
  file: string;
  manifest: string;
}

/** Where a download goes: the file, and beside it its manifest. @throws CLI_USAGE where something is there already */
export function downloadPaths(out: string): Downloaded {
  const paths = { file: out, manifest: `${out}.manifest.json` };
  for (const path of Object.values(paths)) {
    if (existsSync(path))
      throw usageError(`${path} is there already`, 'Name another file with --out, or move that one.');
  }
  return paths;
}

/**
 * Fetches file and manifest of a finished export, and holds both against the digests that the API says and the manifest names. A file
 * has its name only when all of it is there and right.
 * @throws CLI_EXPORT_ELSEWHERE, CLI_DOWNLOAD_FAILED, CLI_DIGEST_DIFFERS
 */
export async function downloadExport(
  baseUrl: string,
  one: WholeExportView,
  paths: Downloaded,
  onProgress: (bytes: number) => void,
): Promise<void> {
  const { links, file } = one;
  if (!links?.events || !file) throw elsewhere(one);
  const manifest = await answerOf(`${baseUrl}${links.manifest}`, (answer) => answer.text());
  expectDigest(`the manifest of ${one.id}`, createHash('sha256').update(manifest).digest('hex'), one.manifestSha256);
  const listed = (JSON.parse(manifest) as { files: { name: string; sha256: string }[] }).files[0]?.sha256;

  const part = `${paths.file}.part`;
  try {
    const digest = await fetchInto(part, `${baseUrl}${links.events}`, onProgress);
    expectDigest(file.name, digest, file.sha256);
    expectDigest(`${file.name} by its manifest`, digest, listed);
    await writeFile(paths.manifest, manifest, { flag: 'wx' });
    await rename(part, paths.file);
  } catch (error) {
    await rm(part, { force: true });
    throw error;
  }
}

/** @returns the SHA-256 of what is now on disk */
async function fetchInto(path: string, url: string, onProgress: (bytes: number) => void): Promise<string> {
  const hash = createHash('sha256');
  const handle = await open(path, 'w', 0o600);
  try {
    await answerOf(url, async (answer, alive) => {
      let bytes = 0;
      for await (const chunk of answer.body as unknown as AsyncIterable<Uint8Array>) {
        alive();
        hash.update(chunk);
        for (let at = 0; at < chunk.length; ) at += (await handle.write(chunk, at)).bytesWritten;
        bytes += chunk.length;
        onProgress(bytes);
      }
    });
    await handle.sync();
  } finally {
    await handle.close();
  }
  return hash.digest('hex');
}

async function answerOf<T>(url: string, read: (answer: Response, alive: () => void) => Promise<T>): Promise<T> {
  const silence = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const alive = () => {
    clearTimeout(timer);
    timer = setTimeout(() => silence.abort(new Error(`nothing came for ${SILENCE_MS / 1000} s`)), SILENCE_MS);
  };
  alive();
  try {
    const answer = await fetch(url, { signal: silence.signal });
    if (!answer.ok) throw new Error(await reasonOf(answer));
    return await read(answer, alive);
  } catch (cause) {
    throw new CliError({
      code: 'CLI_DOWNLOAD_FAILED',
      message: `the download broke off: ${cause instanceof Error ? cause.message : String(cause)}`,
      remedy: 'Fetch it again: affidavit export fetch <id> --out <file>.',
      retry: 'now',
      exitCode: EXIT.unreachable,
      cause,
    });
  } finally {
    clearTimeout(timer);
  }
}

async function reasonOf(answer: Response): Promise<string> {
  const text = await answer.text();
  try {
    const { detail, code } = JSON.parse(text) as { detail?: string; code?: string };
    return `${code ?? answer.status}: ${detail ?? ''}`;
  } catch {
    return String(answer.status);
  }
}

function expectDigest(what: string, found: string, expected: string | null | undefined): void {
  if (found === expected) return;
  throw new CliError({
    code: 'CLI_DIGEST_DIFFERS',
    message: `${what} has SHA-256 ${found}, and should have ${expected ?? 'none'}`,
    remedy:
      'What came is not what was exported; nothing was kept. Fetch it again; if it stays, ask for the export anew.',
    retry: 'now',
  });
}

function elsewhere({ id, state }: WholeExportView): CliError {
  const isKept = state === 'finished';
  return new CliError({
    code: isKept ? 'CLI_EXPORT_ELSEWHERE' : 'CLI_EXPORT_GONE',
    message: isKept ? `the file of ${id} lies in the folder of another api node` : `${id} is ${state}: it has no file`,
    remedy: isKept ? 'Point AFFIDAVIT_API_URL to that node.' : 'Ask for the export again.',
    retry: 'never',
  });
}
