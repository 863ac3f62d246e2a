import { eventHash, leafHash, nextChain, noteKey, sha256, toHex } from '#ledger';
import type { MadeBundle } from '../support/evidence-maker.js';

/** The worked example of docs/evidence-format.md, with the values of the committed bundle. */
export function exampleText(bundle: MadeBundle): string {
  const { log, manifest } = bundle;
  const event = log.events[2]!;
  const run = log.runs.find((one) => one.events.includes(event))!;
  const hash = eventHash(event.bytes);
  const chain = nextChain(run.chainBefore, hash);
  const keys = JSON.parse(bundle.member('keys.json').toString());
  const gateway = keys.producers.find(({ node }: { node: string }) => node === 'gateway-1');
  const head = Buffer.from(run.head!);
  const [, line] = bundle.lines('checkpoints.ndjson') as [string, string];
  const anchor = JSON.parse(line);
  const seal = JSON.parse(bundle.member('seal.json').toString());
  const checkpointKey = keys.checkpoint[0].publicKey;
  const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64');
  return `
The bundle \`test/vectors/evidence/example.zip\` is everything of a log of ${log.size} events. The event at position ${event.position} is line ${event.position + 1} of events.ndjson:

\`\`\`
${event.bytes.toString('utf8')}
\`\`\`

| what | value |
|---|---|
| SHA-256 of these ${event.bytes.length} bytes, the event hash | \`${toHex(hash)}\` |
| leaf data: 01, time, length and letters of the class, epoch, number, event hash | \`${event.leaf.toString('hex')}\` |
| leaf hash, SHA-256 of 00 and the leaf data | \`${toHex(leafHash(event.leaf))}\` |
| chain before it, the run's \`chainBefore\` | \`${toHex(run.chainBefore)}\` |
| chain after it, SHA-256 of the chain before and the event hash | \`${toHex(chain)}\` |

Its run is line ${log.runs.indexOf(run) + 1} of runs.ndjson; it has ${run.events.length} events, and its producer signed this head (hexadecimal):

\`\`\`
header     ${head.subarray(0, -96).toString('hex')}
chain      ${head.subarray(-96, -64).toString('hex')}
signature  ${head.subarray(-64).toString('hex')}
\`\`\`

The signature is over \`${Buffer.from('affidavit/frame/v1').toString('hex')}\` (the text affidavit/frame/v1), the header and the chain, by the key \`${gateway.publicKey}\`
(SubjectPublicKeyInfo), of which \`${gateway.keyId}\` is the id: the first 8 bytes of \`${toHex(sha256(Buffer.from(gateway.publicKey, 'base64')))}\`.

The tree has ${log.size} leaves, so one tile holds all of it: tiles.ndjson is

\`\`\`
${bundle.lines('tiles.ndjson')[0]}
\`\`\`

and the root over its hashes is \`${toHex(manifest.checkpoint.root)}\`, in base64 \`${base64(manifest.checkpoint.root)}\`: the third line of the anchor,

\`\`\`
${anchor.note.trimEnd()}
\`\`\`

which is signed by the key \`${checkpointKey}\`; the first four bytes of its signature are the key's id in this log, \`${noteKey(manifest.checkpoint.origin, Buffer.from(checkpointKey, 'base64')).id}\`. It continues the checkpoint in the
first line, as the proof ${anchor.proof.map((one: string) => `\`${one}\``).join(', ')} shows.

The manifest has ${bundle.member('manifest.json').length} bytes and the SHA-256 \`${toHex(sha256(bundle.member('manifest.json')))}\`. The event at position ${seal.index}, which is in no
member but the seal, is the log's word on it:

\`\`\`
${seal.event}
\`\`\`
`;
}
