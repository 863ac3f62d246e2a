import { parseWebhookSecret, signatureOf } from './signature.js';

describe('a signature', () => {
  // The example of the Standard Webhooks libraries: github.com/standard-webhooks/standard-webhooks.
  const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
  const body = Buffer.from('{"test": 2432232314}');

  it("is that of the specification's own example", () => {
    const keys = [parseWebhookSecret(SECRET)];
    expect(signatureOf(keys, 'msg_p5jXN8AQM9LWM0D4loKWxJek', 1_614_265_330, body)).toBe(
      'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
    );
  });

  it('stands there once for each secret, the newest first', () => {
    const newer = parseWebhookSecret(`whsec_${Buffer.alloc(32, 1).toString('base64')}`);
    const both = signatureOf([newer, parseWebhookSecret(SECRET)], 'id', 1, body).split(' ');
    expect(both).toEqual([
      signatureOf([newer], 'id', 1, body),
      signatureOf([parseWebhookSecret(SECRET)], 'id', 1, body),
    ]);
  });

  it.each([
    ['without its prefix', 'MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'],
    ['too short', `whsec_${Buffer.alloc(23).toString('base64')}`],
    ['too long', `whsec_${Buffer.alloc(65).toString('base64')}`],
    ['in base64url', `whsec_${Buffer.alloc(32, 255).toString('base64url')}`],
    ['cut off', 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaS'],
    ['empty', 'whsec_'],
    ['of several words', 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw whsec_'],
  ])('is not made with a secret %s, and the secret is not said', (_, secret) => {
    expect(() => parseWebhookSecret(secret)).toThrow(
      expect.objectContaining({
        code: 'DELIVERY_WEBHOOK_SECRET_INVALID',
        message: expect.not.stringContaining('MfKQ'),
      }),
    );
  });
});
