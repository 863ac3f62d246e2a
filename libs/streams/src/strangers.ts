import type { Redis } from 'ioredis';

export function isWrongType(error: unknown): boolean {
  return error instanceof Error && error.message.startsWith('WRONGTYPE');
}

/** Does `act`; where something of another type has the name `key`, which nothing of ours ever put there, that is deleted first. */
export async function replacingStrangers<T>(redis: Redis, key: string, act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (error) {
    if (!isWrongType(error)) throw error;
    await redis.del(key);
    return await act();
  }
}
