import { randomBytes } from 'node:crypto';
import { crc32 } from 'node:zlib';
import yazl from 'yazl';
import { sourceOf } from '../../../../test/support/evidence-maker.js';
import { doJob } from './jobs.js';
import { Members } from './members.js';
import { Zip } from './zip.js';

/** XORed into bytes, the generator of CRC-32 (33 bits, the least significant first) leaves their checksum as it is. */
const GENERATOR = 0x1_04c1_1db7n;

function withSameChecksum(bytes: Buffer, at: number): Buffer {
  const changed = Buffer.from(bytes);
  for (let bit = 0; bit <= 32; bit++) {
    if ((GENERATOR >> BigInt(32 - bit)) & 1n) changed[at + (bit >> 3)]! ^= 1 << (bit & 7);
  }
  return changed;
}

describe('members of a bundle', () => {
  it('that are read twice are the same both times', async () => {
    const content = randomBytes(100_000);
    const zip = new yazl.ZipFile();
    zip.addBuffer(content, 'runs.ndjson', { compress: false });
    zip.end();
    const parts: Buffer[] = [];
    for await (const part of zip.outputStream) parts.push(part as Buffer);
    const file = Buffer.concat(parts);
    const at = file.indexOf(content) + 70_000;
    const other = withSameChecksum(file, at);
    expect(crc32(other.subarray(at - 70_000, at + 30_000))).toBe(crc32(content));

    let bytes: Buffer = file;
    const source = { size: file.length, read: (from: number, to: number) => sourceOf(bytes).read(from, to) };
    const work = { worker: async (job: Parameters<typeof doJob>[0]) => doJob(job), ahead: 1 };
    const members = new Members(await Zip.open(source, ['runs.ndjson']), work, undefined, undefined);
    const read = async () => {
      for await (const _ of members.bytes('runs.ndjson'));
    };
    await read();
    await read();
    bytes = other;
    await expect(read()).rejects.toMatchObject({ code: 'manifest-digest', where: 'runs.ndjson' });
  });
});
