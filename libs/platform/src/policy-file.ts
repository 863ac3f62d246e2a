import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  closeSync,
  fsyncSync,
  openSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { isMap, isSeq, parseDocument } from 'yaml';
import { ConfigError } from './errors.js';
import { loadPolicy, type Policy, parsePolicy, readPolicyText } from './policy.js';
import { makeVerifier, parseVerifier } from './scram.js';

export interface PolicyWatch {
  /** The policy in force: the last one that was right. */
  current(): Policy;
  /** Why the file as it stands now is not in force; undefined where it is. */
  problem(): Error | undefined;
  close(): void;
}

/**
 * Loads a policy and follows its file. It reads the file twice a second rather than subscribing to notifications, which miss
 * replaced files, bind mounts and symbolic links that are switched, and rather than comparing times of change, of which the
 * first is taken only after the policy was read. A change counts once two looks in turn see the same text, so that a
 * half-written file is not taken for a shorter policy.
 * @param onChange called with each new policy that differs in text and is right
 * @param onError called once for each text that is wrong; the policy before it stays in force
 * @throws CONFIG_POLICY_MISSING, CONFIG_POLICY_INVALID if the first one cannot be used
 */
export function watchPolicy(
  file: string,
  onChange: (policy: Policy) => void,
  onError: (error: Error) => void,
  intervalMs = 500,
): PolicyWatch {
  let text: string | undefined = readPolicyText(file);
  let policy = parsePolicy(text, file);
  let problem: Error | undefined;
  let judged: string | undefined = text;
  let seen: string | undefined = text;

  const judge = (now: string | undefined) => {
    judged = now;
    try {
      const next = parsePolicy(now ?? readPolicyText(file), file);
      problem = undefined;
      if (now === text) return;
      text = now;
      policy = next;
      onChange(next);
    } catch (error) {
      problem = error instanceof Error ? error : new Error(String(error));
      onError(problem);
    }
  };
  const timer = setInterval(() => {
    const now = readQuietly(file);
    if (now === seen && now !== judged) judge(now);
    seen = now;
  }, intervalMs);
  timer.unref();
  return {
    current: () => policy,
    problem: () => problem,
    close: () => clearInterval(timer),
  };
}

function readQuietly(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}

/** A new token and what the policy keeps of it. */
export interface NewToken {
  /** `afd_…`; shown once and kept nowhere. */
  token: string;
  id: string;
}

/**
 * Makes a token for an identity and appends its verifier to the policy file. Comments and order stay; the file is replaced
 * atomically, keeping its mode.
 * @throws CONFIG_IDENTITY_UNKNOWN, CONFIG_POLICY_INVALID, CONFIG_POLICY_MISSING
 */
export function createToken(file: string, identity: string, expiresAt?: string): NewToken {
  const token = `afd_${randomBytes(32).toString('base64url')}`;
  const id = randomBytes(4).toString('hex');
  // One SCRAM exchange names one salt: the tokens of an identity share it, so that each of them can log in.
  const known = loadPolicy(file)
    .identities.find((one) => one.id === identity)
    ?.tokens.at(-1)?.verifier;
  const { salt, iterations } = known === undefined ? {} : parseVerifier(known);
  const verifier = makeVerifier(token, salt, iterations);
  addToken(file, identity, { id, verifier, ...(expiresAt === undefined ? {} : { expiresAt }) });
  return { token, id };
}

/** As {@link createToken}, for a verifier that exists already. */
export function addToken(
  file: string,
  identity: string,
  token: { id: string; verifier: string; expiresAt?: string },
): void {
  const text = readPolicyText(file);
  parsePolicy(text, file);
  const document = parseDocument(text);
  const identities = document.get('identities');
  const entry = isSeq(identities)
    ? identities.items.find((one) => isMap(one) && one.get('id') === identity)
    : undefined;
  if (!isMap(entry)) {
    throw new ConfigError({
      code: 'CONFIG_IDENTITY_UNKNOWN',
      message: `${file} has no identity '${identity}'`,
      remedy: `Add it under identities: - { id: ${identity}, kind: agent }`,
      retry: 'never',
    });
  }
  const tokens = entry.get('tokens');
  if (isSeq(tokens)) {
    // An empty list is written `[]`; the list grows in block form.
    if (tokens.items.length === 0) tokens.flow = false;
    tokens.add(document.createNode(token));
  } else entry.set('tokens', document.createNode([token]));
  const next = document.toString({ lineWidth: 0 });
  parsePolicy(next, file);
  replaceFile(file, next);
}

/** Writes a file so that a reader sees the old text or the new one, and a crash leaves one of both. Durable when it returns. */
export function replaceFile(file: string, text: string, mode?: number): void {
  const real = realPath(file);
  const draft = `${real}.${randomBytes(4).toString('hex')}.tmp`;
  try {
    const handle = openSync(draft, 'wx', mode ?? modeOf(real));
    writeSync(handle, text);
    fsyncSync(handle);
    closeSync(handle);
    chmodSync(draft, mode ?? modeOf(real));
    renameSync(draft, real);
    const folder = openSync(dirname(real), 'r');
    fsyncSync(folder);
    closeSync(folder);
  } catch (cause) {
    rmSync(draft, { force: true });
    throw new ConfigError({
      code: 'CONFIG_FILE_NOT_WRITABLE',
      message: `${file} cannot be written: ${cause instanceof Error ? cause.message : String(cause)}`,
      remedy: 'Give this user the right to write the file and its folder.',
      retry: 'never',
      cause,
    });
  }
}

function realPath(file: string): string {
  try {
    return realpathSync(file);
  } catch {
    return file;
  }
}

function modeOf(file: string): number {
  try {
    return statSync(file).mode & 0o777;
  } catch {
    return 0o600;
  }
}
