// What scripts/docs.mjs needs to write docs/reference/: not part of what processes use.
import { z } from 'zod';

export { SETTINGS } from './config.js';
export { PolicySchema as POLICY_SCHEMA } from './policy.js';

/** JSON Schema of what a person writes (before defaults and units are worked out). */
export function toJsonSchema(schema: z.ZodType): unknown {
  return z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' });
}
