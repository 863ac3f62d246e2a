import type { Redis } from 'ioredis';
import { type HealthCheck, type Policy, type Trouble, troubleOf } from '#platform';
import { assertRedisKeepsData, type SenderStatus } from '#streams';
import type { Ahead } from './emitter.js';

/** What the checks look at. */
export interface GatewayParts {
  spool: {
    usage(): { state: 'ok' | 'full' | 'failing'; reason?: string };
    damage(): readonly unknown[];
  };
  policy: { problem(): Error | undefined; current(): Policy };
  redis: Redis;
  sender: { status(): SenderStatus };
  emitter: { behind(ahead: Ahead): string | undefined };
}

const INTO_SPOOL = 'agent → spool';
const INTO_REDIS = 'spool → Redis';
const INTO_RECORD = 'Redis → record';
/** So long a refused mark stays worth a look. */
const REFUSAL_MS = 10 * 60_000;

/** What hinders access is required; an outage behind the spool is none of access: it is said, and the gateway stays ready. */
export function healthChecks({ spool, policy, redis, sender, emitter }: GatewayParts): HealthCheck[] {
  return [
    {
      name: 'spool',
      hop: INTO_SPOOL,
      check: () => {
        const { state, reason } = spool.usage();
        if (state === 'ok') return undefined;
        return {
          reason: `new commands are refused; the spool is ${state}: ${reason ?? 'no reason given'}`,
          remedy:
            state === 'full'
              ? 'Free space on the spool disk or raise AFFIDAVIT_SPOOL_MAX, and see that the recorder runs; it goes on by itself.'
              : 'Check the spool disk; it goes on by itself with the first write that succeeds.',
        };
      },
    },
    {
      name: 'policy',
      hop: INTO_SPOOL,
      check: () => {
        const problem = policy.problem();
        return problem && troubleOf(problem);
      },
    },
    {
      name: 'ahead',
      hop: INTO_SPOOL,
      required: false,
      check: () => tooFarAhead(policy.current(), emitter),
    },
    {
      name: 'damage',
      hop: INTO_SPOOL,
      required: false,
      check: () => {
        const parts = spool.damage().length;
        if (parts === 0) return undefined;
        return {
          reason: `${parts} parts of the spool cannot be read; what was not recorded of them is a named hole`,
          remedy:
            'Replace the disk; the log of this gateway names the files, and producer.lost in the record the numbers.',
        };
      },
    },
    {
      name: 'redis',
      hop: INTO_REDIS,
      required: false,
      check: async () => {
        const { state, since, why, lastError } = sender.status();
        if (state === 'failing') {
          return { reason: why ?? 'it does not answer', remedy: lastError?.remedy ?? SEE_REDIS, sinceMs: since };
        }
        await assertRedisKeepsData(redis);
        return undefined;
      },
    },
    {
      name: 'record',
      hop: INTO_RECORD,
      required: false,
      check: () => {
        const { state, since, why } = sender.status();
        if (state !== 'waiting') return undefined;
        return {
          reason: why ?? 'no mark comes',
          remedy:
            'See that a recorder runs and reaches PostgreSQL and Redis (its /readyz); events wait here meanwhile.',
          sinceMs: since,
        };
      },
    },
    {
      name: 'marks',
      hop: 'record → spool',
      required: false,
      check: () => {
        const { lastRefusal, refusedMarks } = sender.status();
        if (!lastRefusal || Date.now() - lastRefusal.at > REFUSAL_MS) return undefined;
        return {
          reason: `${refusedMarks} marks were refused, the last at ${new Date(lastRefusal.at).toISOString()}: ${lastRefusal.why}`,
          remedy: 'Somebody else writes to this Redis, or it was restored from a dump: see who has its password.',
          sinceMs: lastRefusal.at,
        };
      },
    },
  ];
}

const SEE_REDIS = 'Check that Redis runs and that REDIS_URL leads to it; events wait in the spool.';

function tooFarAhead({ connections }: Policy, emitter: GatewayParts['emitter']): Trouble | undefined {
  const refusing = connections.flatMap(({ name, maxUnconfirmed }) => {
    const reason = emitter.behind(maxUnconfirmed);
    return reason === undefined ? [] : [`${name}: ${reason}`];
  });
  if (refusing.length === 0) return undefined;
  return {
    reason: `new commands are refused on ${refusing.join('; ')}`,
    remedy:
      'Bring Redis, the recorder or PostgreSQL back (`affidavit status`), or raise maxUnconfirmed of the connection.',
  };
}
