import { setTimeout as sleep } from 'node:timers/promises';
import { DeliveryError } from '../../../src/errors.js';
import { type Difference, differences } from './differences.js';
import { type FoundObject, type ManagedObject, OBJECT_KINDS, type ObjectKind } from './managed-object.js';
import type { StateFile } from './state-file.js';

/** Objects at Datadog, of one environment. */
export interface ObjectStore {
  /** Those that carry our marker. Objects made a moment ago may be missing. */
  list(kind: ObjectKind): Promise<FoundObject[]>;
  /** Undefined: there is none of this id. */
  get(kind: ObjectKind, id: string): Promise<FoundObject | undefined>;
  /**
   * Always makes another one.
   * @returns its id
   * @throws DELIVERY_DATADOG_REFUSED: none was made; DELIVERY_DATADOG_UNREACHABLE: one may have been
   */
  create(object: ManagedObject): Promise<string>;
  update(object: ManagedObject, id: string): Promise<void>;
  /** What is gone already counts as removed. */
  remove(kind: ObjectKind, id: string): Promise<void>;
}

/** What is to be done with one object. */
export interface Step {
  action: 'create' | 'update' | 'unchanged' | 'delete';
  kind: ObjectKind;
  slug: string;
  title: string;
  /** Undefined until it is created. */
  id?: string;
  /** For an update. */
  differences: Difference[];
}

type Plan = (Step & { wanted?: ManagedObject })[];

export interface PlannerOptions {
  /** How long an object is looked for whose creation was begun and not finished: lists show new ones late. */
  settleMs?: number;
  onStep?: (step: Step) => void;
}

const SETTLE_MS = 15_000;

/**
 * Brings what is at Datadog to what it shall be. An object is looked up by the id in the state file, then by its marker, and
 * created only if both find nothing; it is written only where it differs.
 */
export class Planner {
  private readonly settleMs: number;

  constructor(
    private readonly store: ObjectStore,
    private readonly state: StateFile,
    private readonly options: PlannerOptions = {},
  ) {
    this.settleMs = options.settleMs ?? SETTLE_MS;
  }

  /**
   * What {@link apply} would do; changes nothing.
   * @param wanted nothing: all of ours would go
   * @throws DELIVERY_OBJECT_TWICE, DELIVERY_DATADOG_REFUSED, DELIVERY_DATADOG_UNREACHABLE
   */
  async plan(wanted: readonly ManagedObject[]): Promise<Step[]> {
    return (await this.look(wanted)).map(stepOf);
  }

  /**
   * Does it. Killed at any instant, the next run ends with one of each.
   * @throws as {@link plan}
   */
  async apply(wanted: readonly ManagedObject[]): Promise<Step[]> {
    const done: Step[] = [];
    for (const planned of await this.look(wanted)) {
      const step = stepOf(planned);
      switch (step.action) {
        case 'create':
          step.id = await this.create(planned.wanted as ManagedObject);
          break;
        case 'update':
          await this.store.update(planned.wanted as ManagedObject, step.id ?? '');
          this.state.set(step.kind, step.slug, { id: step.id ?? '' });
          break;
        case 'delete':
          if (step.id !== undefined) await this.store.remove(step.kind, step.id);
          this.state.remove(step.kind, step.slug);
          break;
        case 'unchanged':
          this.state.set(step.kind, step.slug, { id: step.id ?? '' });
      }
      done.push(step);
      this.options.onStep?.(step);
    }
    return done;
  }

  private async look(wanted: readonly ManagedObject[]): Promise<Plan> {
    const plan: Plan = [];
    const leftovers: Plan = [];
    for (const kind of OBJECT_KINDS) {
      const mine = wanted.filter((object) => object.kind === kind);
      let listed = await this.store.list(kind);
      const unsure = mine.filter(({ slug }) => isUnfinished(this.state, kind, slug));
      for (let waitedMs = 0; unsure.some(({ slug }) => !has(listed, slug)) && waitedMs < this.settleMs; ) {
        const pauseMs = Math.min(3_000, this.settleMs - waitedMs);
        await sleep(pauseMs);
        waitedMs += pauseMs;
        listed = await this.store.list(kind);
      }
      for (const object of mine) plan.push(await this.lookUp(object, listed));
      leftovers.push(...(await this.unwanted(kind, mine, listed)));
    }
    return [...plan, ...leftovers];
  }

  private async lookUp(wanted: ManagedObject, listed: readonly FoundObject[]): Promise<Plan[number]> {
    const { kind, slug, title } = wanted;
    const marked = onlyOne(kind, slug, listed);
    const known = this.state.get(kind, slug);
    const byId =
      known === undefined || !('id' in known) || known.id === marked?.id
        ? undefined
        : await this.store.get(kind, known.id);
    // An id of another object than ours: the file is of another organisation, or the marker was taken off by hand.
    const isAnother = byId?.slug !== undefined && byId.slug !== slug;
    if (byId && marked && !isAnother && byId.slug === slug) throw twice(kind, slug, [byId.id, marked.id]);
    const there = marked ?? (isAnother ? undefined : byId);
    if (!there) return { action: 'create', kind, slug, title, differences: [], wanted };
    const found = differences(wanted.body, there.body);
    const action = found.length === 0 ? 'unchanged' : 'update';
    return { action, kind, slug, title, id: there.id, differences: found, wanted };
  }

  /** Ours, and not wanted any more: a monitor that was switched off. */
  private async unwanted(
    kind: ObjectKind,
    wanted: readonly ManagedObject[],
    listed: readonly FoundObject[],
  ): Promise<Plan> {
    const isWanted = (slug: string | undefined) => wanted.some((object) => object.slug === slug);
    const found = new Map<string, FoundObject>();
    for (const object of listed) if (object.slug !== undefined && !isWanted(object.slug)) found.set(object.id, object);
    for (const { kind: known, slug, state } of this.state.all()) {
      if (known !== kind || isWanted(slug) || !('id' in state) || found.has(state.id)) continue;
      const object = await this.store.get(kind, state.id);
      if (object?.slug === slug) found.set(object.id, object);
    }
    return [...found.values()].map(({ id, slug, title }) => ({
      action: 'delete',
      kind,
      slug: slug ?? '',
      title,
      id,
      differences: [],
    }));
  }

  private async create(object: ManagedObject): Promise<string> {
    const { kind, slug } = object;
    this.state.set(kind, slug, { creatingSince: new Date().toISOString() });
    try {
      const id = await this.store.create(object);
      this.state.set(kind, slug, { id });
      return id;
    } catch (error) {
      // Only a refusal says for certain that there is none.
      if (error instanceof DeliveryError && error.code === 'DELIVERY_DATADOG_REFUSED') this.state.remove(kind, slug);
      throw error;
    }
  }
}

function stepOf({ wanted: _, ...step }: Plan[number]): Step {
  return step;
}

function isUnfinished(state: StateFile, kind: ObjectKind, slug: string): boolean {
  const known = state.get(kind, slug);
  return known !== undefined && !('id' in known);
}

function has(listed: readonly FoundObject[], slug: string): boolean {
  return listed.some((object) => object.slug === slug);
}

function onlyOne(kind: ObjectKind, slug: string, listed: readonly FoundObject[]): FoundObject | undefined {
  const found = listed.filter((object) => object.slug === slug);
  if (found.length > 1)
    throw twice(
      kind,
      slug,
      found.map(({ id }) => id),
    );
  return found[0];
}

function twice(kind: ObjectKind, slug: string, ids: readonly string[]): DeliveryError {
  return new DeliveryError({
    code: 'DELIVERY_OBJECT_TWICE',
    message: `Datadog has ${ids.length} objects marked as ${kind} '${slug}' of ours: ${ids.join(', ')}`,
    remedy:
      'A copy keeps the marker. Delete the copy, or take the tag managed_by:affidavit off it (in a dashboard or pipeline: the line in its description), then repeat.',
    retry: 'never',
  });
}
