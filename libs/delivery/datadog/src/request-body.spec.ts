import { gunzipSync } from 'node:zlib';
import { MAX_REQUEST_BYTES } from './limits.js';
import { RequestBodyWriter, requestBody } from './request-body.js';

describe('the body of a request', () => {
  it.each([
    ['a log', ['{"a":1}']],
    ['logs of other scripts', ['{"a":"é"}', '{"b":"日本"}', '{"c":"\u{1f600}"}']],
    ['a byte less than the intake takes', ['x'.repeat(1_000), 'ü'.repeat((MAX_REQUEST_BYTES - 1_004) / 2)]],
    ['all that the intake takes', ['x'.repeat(999), 'ü'.repeat((MAX_REQUEST_BYTES - 1_002) / 2)]],
    ['a byte more', ['x'.repeat(1_000), 'ü'.repeat((MAX_REQUEST_BYTES - 1_002) / 2)]],
    ['far more', Array.from({ length: 12 }, () => '€'.repeat(200_000))],
  ])('%s is the same, whoever puts it together, also where something was before', async (_, logs) => {
    const json = `[${logs.join(',')}]`;
    const bytes = Buffer.byteLength(json);
    const writer = new RequestBodyWriter();
    for (let times = 0; times < 2; times++) {
      for (const log of logs) writer.add(log);
      for (const body of [writer.take(), await requestBody(logs)]) {
        expect(body.bytes).toBe(bytes);
        if (bytes > MAX_REQUEST_BYTES) expect(body.gzipped).toHaveLength(0);
        else expect(gunzipSync(body.gzipped).equals(Buffer.from(json))).toBe(true);
      }
    }
  });
});
