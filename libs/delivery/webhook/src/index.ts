export * from './limits.js';
export { parseWebhookSecret, signatureOf } from './signature.js';
export { WebhookDestination, type WebhookOptions } from './webhook-destination.js';
