import { randomBytes } from 'node:crypto';
import { closeSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { DeliveryError } from '../../../src/errors.js';
import type { ObjectKind } from './managed-object.js';

// What we made at Datadog, by its id. Before an object is created the intention is written down: who is killed between the
// creation and the next write leaves it, and the next run looks for the object, also for a while where lists are slow to show it.

/** What is known of one object: its id, or that its creation was begun. */
export type ObjectState = { id: string } | { creatingSince: string };

interface Content {
  version: 1;
  /** By API address, environment and `kind/slug`. */
  objects: Record<string, Record<string, ObjectState>>;
}

/** The state of one environment at one Datadog. Each change is on disk when its call returns. */
export class StateFile {
  private readonly content: Content;
  private readonly scope: string;

  /** @throws DELIVERY_STATE_FILE_INVALID */
  constructor(
    readonly path: string,
    apiUrl: string,
    env: string,
  ) {
    this.scope = `${apiUrl} ${env}`;
    this.content = read(path);
  }

  get(kind: ObjectKind, slug: string): ObjectState | undefined {
    return this.content.objects[this.scope]?.[`${kind}/${slug}`];
  }

  set(kind: ObjectKind, slug: string, state: ObjectState): void {
    const known = this.get(kind, slug);
    if (JSON.stringify(known) === JSON.stringify(state)) return;
    this.content.objects[this.scope] = { ...this.content.objects[this.scope], [`${kind}/${slug}`]: state };
    this.write();
  }

  remove(kind: ObjectKind, slug: string): void {
    if (this.get(kind, slug) === undefined) return;
    delete this.content.objects[this.scope]?.[`${kind}/${slug}`];
    this.write();
  }

  /** Everything that this environment has. */
  all(): { kind: ObjectKind; slug: string; state: ObjectState }[] {
    return Object.entries(this.content.objects[this.scope] ?? {}).map(([name, state]) => {
      const [kind, slug] = name.split('/') as [ObjectKind, string];
      return { kind, slug, state };
    });
  }

  private write(): void {
    mkdirSync(dirname(this.path), { recursive: true });
    const draft = `${this.path}.${randomBytes(4).toString('hex')}.tmp`;
    const handle = openSync(draft, 'wx', 0o600);
    writeSync(handle, `${JSON.stringify(this.content, null, 2)}\n`);
    fsyncSync(handle);
    closeSync(handle);
    renameSync(draft, this.path);
    const folder = openSync(dirname(this.path), 'r');
    fsyncSync(folder);
    closeSync(folder);
  }
}

function read(path: string): Content {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return { version: 1, objects: {} };
    throw invalid(path, cause);
  }
  try {
    const content = JSON.parse(text) as Partial<Content> | null;
    if (content?.version === 1 && typeof content.objects === 'object' && content.objects !== null)
      return content as Content;
  } catch (cause) {
    throw invalid(path, cause);
  }
  throw invalid(path, new TypeError('it is of another form'));
}

function invalid(path: string, cause: unknown): DeliveryError {
  return new DeliveryError({
    code: 'DELIVERY_STATE_FILE_INVALID',
    message: `${path} cannot be read: ${cause instanceof Error ? cause.message : String(cause)}`,
    remedy: 'Move it away: without it, objects at Datadog are found by their markers.',
    retry: 'never',
    cause,
  });
}
