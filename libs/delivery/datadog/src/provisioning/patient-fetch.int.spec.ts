import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { patientFetch } from './patient-fetch.js';

/** Faked: Datadog, which answers each request with the next of a list. Observed: what is asked, when, and what comes back. */
describe('the patience below the client', () => {
  let server: Server;
  let answers: { status: number; headers?: Record<string, string>; breaks?: boolean; hangs?: boolean }[] = [];
  let asked: { method: string; atMs: number }[] = [];

  beforeAll(async () => {
    server = createServer((request, response) => {
      asked.push({ method: request.method ?? '', atMs: Date.now() });
      const answer = answers.shift() ?? { status: 200 };
      if (answer.breaks) request.socket.destroy();
      else if (!answer.hangs) response.writeHead(answer.status, answer.headers).end('{}');
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  });
  afterAll(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  beforeEach(() => {
    answers = [];
    asked = [];
  });
  const url = () => `http://127.0.0.1:${(server.address() as AddressInfo).port}/api/v1/x?k=1`;

  it('waits as X-RateLimit-Reset says, also before it creates something', async () => {
    answers = [{ status: 429, headers: { 'x-ratelimit-reset': '2' } }];
    const waits: number[] = [];
    const answer = await patientFetch({ onWait: (ms) => waits.push(ms) })(url(), { method: 'POST', body: '{}' });
    expect(answer.status).toBe(200);
    expect(waits).toEqual([2_000]);
    expect(asked[1]!.atMs - asked[0]!.atMs).toBeGreaterThanOrEqual(1_950);
  });

  it.each(['never', '-1', '0', ''])('a reset of %j asks for nothing, and is not hammered', async (reset) => {
    answers = [{ status: 429, headers: { 'x-ratelimit-reset': reset } }];
    const waits: number[] = [];
    await patientFetch({ onWait: (ms) => waits.push(ms) })(url());
    expect(waits).toEqual([1_000]);
  });

  it('gives the 429 back rather than wait for longer than a person would', async () => {
    answers = [{ status: 429, headers: { 'x-ratelimit-reset': '86400' } }];
    expect((await patientFetch()(url())).status).toBe(429);
    expect(asked).toHaveLength(1);
  });

  it('repeats what is harmless to repeat, and never what may have created something', async () => {
    answers = [{ status: 503 }];
    expect((await patientFetch()(url(), { method: 'PUT' })).status).toBe(200);
    answers = [{ status: 503 }];
    expect((await patientFetch()(url(), { method: 'POST' })).status).toBe(503);
    answers = [{ status: 0, breaks: true }];
    expect((await patientFetch()(url())).status).toBe(200);
    answers = [{ status: 0, breaks: true }];
    asked = [];
    await expect(patientFetch()(url(), { method: 'POST' })).rejects.toMatchObject({
      code: 'DELIVERY_DATADOG_UNREACHABLE',
    });
    expect(asked).toHaveLength(1);
  });

  it('gives up on one that reads and never answers', async () => {
    answers = [{ status: 0, hangs: true }];
    const asking = patientFetch({ timeoutMs: 100 })(url(), { method: 'POST', headers: { 'dd-api-key': 'hunter2' } });
    const error = await asking.catch((caught: unknown) => caught as Error);
    expect(error).toMatchObject({ code: 'DELIVERY_DATADOG_UNREACHABLE' });
    expect(String((error as Error).message)).not.toMatch(/hunter2|k=1/);
  });

  it('follows no redirect', async () => {
    answers = [{ status: 302, headers: { location: 'http://169.254.169.254/' } }];
    await expect(patientFetch()(url(), { method: 'POST' })).rejects.toMatchObject({
      code: 'DELIVERY_DATADOG_UNREACHABLE',
    });
  });
});
