import { createHmac } from 'node:crypto';
import { DeliveryError } from '../../src/errors.js';

// Standard Webhooks 1.0.0 (github.com/standard-webhooks/standard-webhooks, spec/standard-webhooks.md, read November 2026) in brief:
// a secret is `whsec_` and the base64 of 24 to 64 random bytes. A signature is `v1,` and the base64 of HMAC-SHA256, keyed with
// those bytes, over `<webhook-id>.<webhook-timestamp>.<body>`. While a secret is being replaced, the header holds a signature by
// each, with a space between; the receiver takes the request if one of them is right.

const FORM = /^whsec_((?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?)$/;
const LEAST_BYTES = 24;
const MOST_BYTES = 64;

/**
 * The key in a secret.
 * @throws DELIVERY_WEBHOOK_SECRET_INVALID; what stands in the secret is not said
 */
export function parseWebhookSecret(secret: string): Buffer {
  const key = Buffer.from(FORM.exec(secret)?.[1] ?? '', 'base64');
  if (key.length >= LEAST_BYTES && key.length <= MOST_BYTES) return key;
  throw new DeliveryError({
    code: 'DELIVERY_WEBHOOK_SECRET_INVALID',
    message: `a secret of the webhook is not whsec_ and the base64 of ${LEAST_BYTES} to ${MOST_BYTES} bytes`,
    remedy: 'Make one with: echo "whsec_$(openssl rand -base64 32)"; the receiver needs the same.',
    retry: 'later',
  });
}

/**
 * The header `webhook-signature`: one signature by each key, in their order.
 * @param timestamp seconds since 1970, as in `webhook-timestamp`
 */
export function signatureOf(keys: readonly Buffer[], id: string, timestamp: number, body: Buffer): string {
  return keys
    .map((key) => `v1,${createHmac('sha256', key).update(`${id}.${timestamp}.`).update(body).digest('base64')}`)
    .join(' ');
}
