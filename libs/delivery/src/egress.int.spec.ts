import type { LookupAddress } from 'node:dns';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Answer } from './answer.js';
import { notPublic, type Resolve } from './egress.js';
import { HttpSender, type HttpSenderOptions } from './http-sender.js';

// Real sockets on this machine, which is as private as an address can be; only the resolver is faked.

describe('an address', () => {
  it.each([
    ['127.0.0.1', 'a loopback address'],
    ['127.255.255.254', 'a loopback address'],
    ['::1', 'a loopback address'],
    ['10.0.0.1', 'a private address'],
    ['172.16.0.1', 'a private address'],
    ['172.31.255.255', 'a private address'],
    ['192.168.1.1', 'a private address'],
    ['100.64.0.1', 'a carrier-grade NAT address'],
    ['100.100.100.200', 'a carrier-grade NAT address'],
    ['169.254.169.254', 'a link-local address'],
    ['fe80::1', 'a link-local address'],
    ['fe80::1%eth0', 'a link-local address'],
    ['febf::1', 'a link-local address'],
    ['fc00::1', 'a unique-local address'],
    ['fd00:ec2::254', 'a unique-local address'],
    ['fec0::1', 'a unique-local address'],
    ['224.0.0.1', 'a multicast address'],
    ['ff02::1', 'a multicast address'],
    ['0.0.0.0', 'an unspecified address'],
    ['0.1.2.3', 'an unspecified address'],
    ['::', 'an unspecified address'],
    ['168.63.129.16', "a cloud platform's address"],
    ['192.0.0.192', 'a reserved address'],
    ['198.19.0.1', 'a reserved address'],
    ['255.255.255.255', 'a reserved address'],
    ['2001:db8::1', 'a reserved address'],
    ['200::1', 'a reserved address'],
    ['4000::1', 'a reserved address'],
    // IPv4 in IPv6's clothes.
    ['::ffff:127.0.0.1', 'a loopback address'],
    ['::ffff:7f00:1', 'a loopback address'],
    ['::ffff:10.0.0.1', 'a private address'],
    ['::ffff:a9fe:a9fe', 'a link-local address'],
    ['64:ff9b::10.0.0.1', 'a private address'],
    ['64:ff9b::a9fe:a9fe', 'a link-local address'],
    ['64:ff9b::7f00:1', 'a loopback address'],
    ['64:ff9b:1::1', 'an embedded IPv4 address'],
    ['::127.0.0.1', 'an embedded IPv4 address'],
    ['::ffff:0:127.0.0.1', 'an embedded IPv4 address'],
    ['2002:7f00:1::', 'an embedded IPv4 address'],
    ['2001:0:1234::1', 'an embedded IPv4 address'],
    ['localhost', 'no IP address'],
    ['', 'no IP address'],
  ])('%s is %s', (address, kind) => {
    expect(notPublic(address)).toBe(kind);
  });

  it.each([
    '1.1.1.1',
    '9.255.255.255',
    '11.0.0.0',
    '100.63.255.255',
    '100.128.0.0',
    '126.255.255.255',
    '128.0.0.0',
    '169.253.255.255',
    '172.15.255.255',
    '172.32.0.0',
    '192.167.255.255',
    '223.255.255.255',
    '::ffff:1.1.1.1',
    '64:ff9b::1.1.1.1',
    '2606:4700::1111',
    '2a00::1',
    '2001:4860::8888',
  ])('%s is public', (address) => {
    expect(notPublic(address)).toBeUndefined();
  });
});

describe('a connect', () => {
  let server: Server;
  let port: number;
  let requests: number;
  const senders: HttpSender[] = [];

  beforeEach(async () => {
    requests = 0;
    server = createServer((_, response) => {
      requests += 1;
      response.end();
    });
    await new Promise<void>((resolve) => server.listen(0, '::', resolve));
    port = (server.address() as AddressInfo).port;
  });
  afterEach(async () => {
    await Promise.all(senders.splice(0).map((sender) => sender.close()));
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });

  function senderTo(host: string, egress: Partial<HttpSenderOptions['egress']> = {}): HttpSender {
    const sender = new HttpSender({
      url: `http://${host}:${port}/`,
      egress: { destination: 'siem', allowPrivate: false, ...egress },
    });
    senders.push(sender);
    return sender;
  }

  function post(sender: HttpSender): Promise<Answer> {
    return sender.post({ headers: {}, body: Buffer.from('{}'), signal: AbortSignal.timeout(5_000) }, ({ status }) => ({
      kind: 'accepted',
      status,
    }));
  }

  /** Answers with one list of addresses after the other, the last one for ever. */
  function resolver(...answers: string[][]): Resolve & { asked: number } {
    const resolve = Object.assign(
      ((_, __, done) => {
        const addresses = answers[Math.min(resolve.asked++, answers.length - 1)] ?? [];
        const found = addresses.map((address): LookupAddress => ({ address, family: address.includes(':') ? 6 : 4 }));
        process.nextTick(done, null, found);
      }) satisfies Resolve as Resolve,
      { asked: 0 },
    );
    return resolve;
  }

  it.each([
    '127.0.0.1',
    '2130706433',
    '0x7f000001',
    '0x7f.1',
    '0177.0.0.1',
    '017700000001',
    '127.1',
    '0',
    '[::1]',
    '[::]',
    '[::ffff:127.0.0.1]',
    '[::ffff:7f00:1]',
    '[0:0:0:0:0:ffff:127.0.0.1]',
    'localhost',
    'LOCALHOST',
  ])('to this machine, written as %s, is refused before anything is sent', async (host) => {
    const answer = await post(senderTo(host));
    expect(answer).toEqual({
      kind: 'refused',
      reason: expect.stringMatching(/^destination 'siem' leads to .*address/),
    });
    expect('reason' in answer && answer.reason).toContain("set allowPrivate: true for 'siem' in affidavit.yaml");
    expect(requests).toBe(0);
  });

  it('to this machine is made where that is meant', async () => {
    for (const host of ['127.0.0.1', '[::1]', 'localhost']) {
      expect(await post(senderTo(host, { allowPrivate: true }))).toEqual({ kind: 'accepted', status: 200 });
    }
    expect(requests).toBe(3);
  });

  it('by a name is judged by each address that it resolves to', async () => {
    for (const addresses of [['169.254.169.254'], ['203.0.114.1', '10.0.0.1'], ['64:ff9b::a9fe:a9fe'], ['fe80::1']]) {
      const answer = await post(senderTo('metadata.example.com', { resolve: resolver(addresses) }));
      expect(answer).toMatchObject({ kind: 'refused', reason: expect.stringContaining('(metadata.example.com)') });
    }
  });

  it('goes to the address that was judged: the name is resolved once a connect, and rebinding it is seen at the next', async () => {
    // Where the guard looked first and the socket again, the second lookup would lead it here.
    const rebinding = resolver(['192.0.2.1'], ['127.0.0.1']);
    const first = await post(senderTo('rebind.example.com', { resolve: rebinding }));
    expect(first).toMatchObject({ kind: 'refused', reason: expect.stringContaining('192.0.2.1') });
    expect(rebinding.asked).toBe(1);

    const allowed = resolver(['127.0.0.1'], ['::1']);
    const sender = senderTo('rebind.example.com', { allowPrivate: true, resolve: allowed });
    expect(await post(sender)).toMatchObject({ kind: 'accepted' });
    expect(allowed.asked).toBe(1);
    server.closeAllConnections();
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(await post(sender)).toMatchObject({ kind: 'accepted' });
    expect(allowed.asked).toBe(2);
  });
});
