import type { Redis } from 'ioredis';

/** Ends every connection to this one's numbered database but this one itself: other tests share the server. */
export async function cutConnections(redis: Redis): Promise<void> {
  const own = await redis.client('ID');
  const clients = String(await redis.client('LIST')).split('\n');
  for (const client of clients) {
    const id = /^id=(\d+) /.exec(client)?.[1];
    const database = / db=(\d+) /.exec(client)?.[1];
    if (id && id !== String(own) && database === String(redis.options.db ?? 0)) await redis.client('KILL', 'ID', id);
  }
}
