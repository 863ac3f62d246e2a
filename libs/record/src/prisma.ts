import type pg from 'pg';
import type { PrismaClient } from './generated/client.js';

export type { PrismaClient };

/**
 * Prisma over the process' one pool, for ordinary queries. Its owner calls `$disconnect()`, which leaves the pool open.
 * Loaded only when asked for: it costs some 30 MB, and the recorder, forwarder and gateway do without.
 */
export async function openPrisma(pool: pg.Pool): Promise<PrismaClient> {
  const [{ PrismaPg }, { PrismaClient }] = await Promise.all([
    import('@prisma/adapter-pg'),
    import('./generated/client.js'),
  ]);
  return new PrismaClient({ adapter: new PrismaPg(pool) });
}
