import { type EventDraft, instantOfMillis, SYSTEM_CLASS } from '#events';

/** What a heartbeat needs of the spool. */
interface Spool {
  append(draft: EventDraft): Promise<unknown>;
}

/**
 * Says on the record every so often that this gateway is there, so that one through which nobody works is told from one that is
 * dead or cut off. A beat that finds no room is left out: it is no evidence, and the silence says the same.
 * @returns ends it
 */
export function startHeartbeat(spool: Spool, everyMs: number, startedAtMs: number = Date.now()): () => void {
  const beat = () => {
    const now = Date.now();
    const upSeconds = Math.max(0, Math.round((now - startedAtMs) / 1_000));
    spool
      .append({ type: 'producer.alive', time: instantOfMillis(now), class: SYSTEM_CLASS, data: { upSeconds } })
      .catch(() => undefined);
  };
  const timer = setInterval(beat, everyMs);
  timer.unref();
  return () => clearInterval(timer);
}
