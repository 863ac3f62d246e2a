import type { v1, v2 } from '@datadog/datadog-api-client';
import { tag } from '../text.js';

// What we keep at Datadog as code. Creating always makes another object there, and nothing but an id tells two of them apart, so
// each of ours carries a marker: a monitor in its tags, a dashboard and a pipeline in their description. A metric made of logs has
// an id that we choose. Only types of the client are used here: loading it takes seconds.

export const OBJECT_KINDS = ['pipeline', 'metric', 'monitor', 'dashboard'] as const;
export type ObjectKind = (typeof OBJECT_KINDS)[number];

/** What an object of each kind holds, as the client takes it. */
export interface ObjectBodies {
  pipeline: v1.LogsPipeline;
  metric: v2.LogsMetricCreateAttributes;
  monitor: v1.Monitor;
  dashboard: v1.Dashboard;
}
export type ObjectBody = ObjectBodies[ObjectKind];

/** One object as it shall be. `slug` names it among those of its kind and environment, for ever. */
export type ManagedObject = {
  [K in ObjectKind]: { kind: K; slug: string; title: string; body: ObjectBodies[K] };
}[ObjectKind];

/** One object as it is there. */
export interface FoundObject {
  id: string;
  /** From its marker; undefined for one that is not ours, or of another environment. */
  slug: string | undefined;
  title: string;
  body: object;
}

const MANAGER = 'managed_by:affidavit';

/** The tags that mark a monitor as ours. */
export function markerTags(slug: string, env: string): string[] {
  return [MANAGER, `object:${slug}`, tag('env', env)];
}

/** The tags by which monitors of an environment are listed. */
export function listTags(env: string): string {
  return `${MANAGER},${tag('env', env)}`;
}

/** The line that marks what has a description. */
export function markerLine(slug: string, env: string): string {
  return `${markerTags(slug, env).join(' ')} · what is changed here by hand goes with the next \`affidavit datadog apply\`.`;
}

/** The slug in tags or in a description, if they mark an object of ours in this environment. */
export function slugOf(text: string | readonly string[] | undefined, env: string): string | undefined {
  const words = typeof text === 'string' ? text.split(/\s+/) : (text ?? []);
  if (!words.includes(MANAGER) || !words.includes(tag('env', env))) return undefined;
  return words.find((word) => word.startsWith('object:'))?.slice('object:'.length);
}

/** Id of a metric of an environment; letters, digits, `_` and `.`. */
export function metricId(slug: string, env: string): string {
  const clean = (text: string) => text.toLowerCase().replace(/[^a-z0-9_]+/g, '_');
  return `affidavit.${clean(slug)}.${clean(env)}`.slice(0, 200);
}

/** A search term for a tag: quoted where Datadog would read more than a word in it. */
export function tagTerm(name: string, value: string): string {
  const text = tag(name, value).slice(name.length + 1);
  return /^[a-z0-9_.]+$/.test(text) ? `${name}:${text}` : `${name}:"${text}"`;
}
