import { type LookupAddress, type LookupAllOptions, lookup } from 'node:dns';
import { BlockList, isIP, type LookupFunction } from 'node:net';
import { buildConnector } from 'undici';
import { DeliveryError } from './errors.js';

// Egress in brief. Somebody who may write an address of a destination, or the DNS of its name, must not make the forwarder talk to what
// only the forwarder reaches: this machine, its network, the metadata service of a cloud. So each connect is judged by the very
// addresses that it will use: the lookup that is judged is the lookup that the socket gets, and nothing is looked up twice. A name
// that resolves to one forbidden address among others is refused as a whole, so that the verdict does not hang on their order.
// Redirects and proxies of the environment would lead around this; our senders follow neither.

/** Where a destination may be reached. */
export interface Egress {
  /** Its name, for the reason of a refusal. */
  destination: string;
  /** Whether addresses that are not public are meant. */
  allowPrivate: boolean;
  /** PEM of authorities to trust instead of the public ones. */
  ca?: string | undefined;
  /** For tests: how names are resolved. Default: as the system does. */
  resolve?: Resolve;
}

export type Resolve = (
  hostname: string,
  options: LookupAllOptions,
  done: (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => void,
) => void;

const CONNECT_TIMEOUT_MS = 10_000;

/** Addresses that are not of the public internet: IANA's special-purpose registries (RFC 6890), read November 2026. */
const IPV4: readonly [kind: string, ...subnets: string[]][] = [
  ['a loopback address', '127.0.0.0/8'],
  ['a private address', '10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16'],
  ['a carrier-grade NAT address', '100.64.0.0/10'],
  ['a link-local address', '169.254.0.0/16'],
  ['a multicast address', '224.0.0.0/4'],
  ['an unspecified address', '0.0.0.0/8'],
  // The platform's own services, at each machine of Azure.
  ["a cloud platform's address", '168.63.129.16/32'],
  [
    'a reserved address',
    '192.0.0.0/24',
    '192.0.2.0/24',
    '192.88.99.0/24',
    '198.18.0.0/15',
    '198.51.100.0/24',
    '203.0.113.0/24',
    '240.0.0.0/4',
  ],
];
const IPV6: readonly [kind: string, ...subnets: string[]][] = [
  ['a loopback address', '::1/128'],
  ['an unspecified address', '::/128'],
  ['a link-local address', 'fe80::/10'],
  ['a unique-local address', 'fc00::/7', 'fec0::/10'],
  ['a multicast address', 'ff00::/8'],
  // IPv4 in other forms than the mapped one, which is judged as IPv4: compatible, translated, 6to4, Teredo, NAT64 of a network's own.
  ['an embedded IPv4 address', '::/96', '::ffff:0:0:0/96', '2002::/16', '2001::/32', '64:ff9b:1::/48'],
  ['a reserved address', '2001::/23', '2001:db8::/32', '3fff::/20'],
  // Global unicast is 2000::/3; what else is not named above is assigned to nobody.
  ['a reserved address', '100::/8', '200::/7', '400::/6', '800::/5', '1000::/4', '4000::/2', '8000::/1'],
];
/** NAT64's well-known prefix (RFC 6052): the last 32 bits are the IPv4 address that is really reached. */
const NAT64 = '64:ff9b::';
const NAT64_BITS = 96;

const NOT_PUBLIC: readonly { kind: string; list: BlockList }[] = [
  ...IPV4.map(([kind, ...subnets]) => {
    const list = new BlockList();
    for (const [address, bits] of subnets.map(parts)) {
      list.addSubnet(address, bits, 'ipv4');
      list.addSubnet(`${NAT64}${address}`, NAT64_BITS + bits, 'ipv6');
    }
    return { kind, list };
  }),
  ...IPV6.map(([kind, ...subnets]) => {
    const list = new BlockList();
    for (const [address, bits] of subnets.map(parts)) list.addSubnet(address, bits, 'ipv6');
    return { kind, list };
  }),
];

function parts(subnet: string): [address: string, bits: number] {
  const [address = '', bits] = subnet.split('/');
  return [address, Number(bits)];
}

/** What an address is, where it is not a public one: `a loopback address`. Undefined for a public one. */
export function notPublic(address: string): string | undefined {
  const [bare = ''] = address.split('%', 1);
  const family = isIP(bare);
  if (family === 0) return 'no IP address';
  // A mapped address (::ffff:10.0.0.1) is found in the lists of IPv4: BlockList compares it as such.
  return NOT_PUBLIC.find(({ list }) => list.check(bare, family === 6 ? 'ipv6' : 'ipv4'))?.kind;
}

/**
 * Opens connections, each judged by the addresses that it uses, with TLS always verified.
 * @throws (to its callback) DELIVERY_ADDRESS_REFUSED; nothing was sent then
 */
export function guardedConnector(egress: Egress): buildConnector.connector {
  const connect = buildConnector({
    timeout: CONNECT_TIMEOUT_MS,
    // Said, so that NODE_TLS_REJECT_UNAUTHORIZED cannot unsay it.
    rejectUnauthorized: true,
    lookup: guardedLookup(egress),
    ...(egress.ca === undefined ? {} : { ca: egress.ca }),
  });
  return (options, done) => {
    // An address needs no lookup. `URL` has made one form of all its spellings (0x7f.1, 2130706433).
    const refusal = isIP(options.hostname) ? refusalOf(egress, [options.hostname], undefined) : undefined;
    if (refusal) process.nextTick(done, refusal, null);
    else connect(options, done);
  };
}

function guardedLookup(egress: Egress): LookupFunction {
  const resolve: Resolve = egress.resolve ?? lookup;
  return (hostname, options, done) => {
    resolve(hostname, { ...options, all: true }, (error, addresses) => {
      const refusal =
        error ??
        refusalOf(
          egress,
          addresses.map(({ address }) => address),
          hostname,
        );
      if (refusal) done(refusal, []);
      else if (options.all) done(null, addresses);
      else done(null, addresses[0]?.address ?? '', addresses[0]?.family);
    });
  };
}

function refusalOf(
  { destination, allowPrivate }: Egress,
  addresses: readonly string[],
  hostname: string | undefined,
): DeliveryError | undefined {
  if (allowPrivate) return undefined;
  for (const address of addresses) {
    const kind = notPublic(address);
    if (kind === undefined) continue;
    const way = hostname === undefined ? `leads to ${address}` : `leads to ${address} (${hostname})`;
    return new DeliveryError({
      code: 'DELIVERY_ADDRESS_REFUSED',
      message: `destination '${destination}' ${way}, ${kind}`,
      remedy: `Correct its address, or, if that one is meant, set allowPrivate: true for '${destination}' in affidavit.yaml.`,
      retry: 'later',
    });
  }
  return undefined;
}
