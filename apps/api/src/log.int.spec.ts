import { generateKeyPairSync } from 'node:crypto';
import {
  consistencyProof,
  hashesOf,
  isConsistent,
  leafHash,
  parseCheckpoint,
  parseNote,
  parseNoteKey,
  rawPublicKey,
  signersOf,
  signNote,
  type TileSource,
  tilePath,
  toHex,
  treeRoot,
} from '#ledger';
import { adoptCheckpointKey, signCheckpoint } from '#record';
import { referenceRoot } from '../../../test/reference/merkle.js';
import { TestApi } from '../../../test/support/api.js';
import { SessionEvents } from '../../../test/support/session-events.js';
import { TestRecord } from '../../../test/support/test-record.js';

// The log as somebody follows it who has nothing but HTTP and the log's key. Real PostgreSQL.

const { privateKey } = generateKeyPairSync('ed25519');
const signer = {
  publicKey: rawPublicKey(privateKey),
  sign: (text: string, name: string) => signNote(text, name, privateKey),
};

describe('/log', () => {
  let record: TestRecord;
  let api: TestApi;
  let producer: Awaited<ReturnType<TestRecord['producer']>>;

  beforeAll(async () => {
    record = await TestRecord.open();
    await adoptCheckpointKey(record.pool, signer.publicKey, undefined);
    api = await TestApi.open(record);
    producer = await record.producer('gw-1');
  });
  afterAll(async () => {
    await api?.close();
    await record?.close();
  });

  const fetched = async (path: string) => {
    const answer = await fetch(`${api.url}${path}`);
    return { status: answer.status, headers: answer.headers, bytes: Buffer.from(await answer.arrayBuffer()) };
  };
  const tiles: TileSource = {
    async tile(level, index, width) {
      return (await fetched(`/log/tile/${tilePath({ level, index, width })}`)).bytes;
    },
  };

  async function checkpoint() {
    const { keys } = (await api.ask<{ keys: string[] }>('/v1/log', undefined)).body;
    const note = parseNote((await fetched('/log/checkpoint')).bytes.toString('utf8'));
    expect(signersOf(note, keys.map(parseNoteKey))).toHaveLength(1);
    return parseCheckpoint(note.text);
  }

  async function grow(sessions: number): Promise<void> {
    const drafts = Array.from({ length: sessions }, (_, n) => new SessionEvents(`s-${n}`)).flatMap((session) => [
      session.opened(),
      ...session.command('SELECT 1'),
      session.closed(),
    ]);
    await record.record(producer, drafts);
    await signCheckpoint(record.pool, { signer, holder: record.writer.holder, keepElsewhere: async () => {} });
  }

  it('has nothing to show before anything is signed', async () => {
    expect((await fetched('/log/checkpoint')).status).toBe(404);
    expect((await fetched('/log/tile/0/000.p/1')).status).toBe(404);
  });

  it('is followed by tiles alone: root, entries, and that it only grew', async () => {
    await grow(80);
    const first = await checkpoint();
    await grow(70);
    const second = await checkpoint();
    expect(second.size).toBeGreaterThan(512);
    expect(toHex(await treeRoot(tiles, second.size))).toBe(toHex(second.root));
    const proof = await consistencyProof(tiles, first.size, second.size);
    expect(isConsistent(first, second, proof)).toBe(true);

    const entries: Buffer[] = [];
    for (let index = 0; index * 256 < second.size; index++) {
      const width = Math.min(256, second.size - index * 256);
      const { bytes, headers } = await fetched(`/log/tile/${tilePath({ level: 'entries', index, width })}`);
      expect(headers.get('cache-control')).toContain('immutable');
      expect(headers.get('content-type')).toBe('application/octet-stream');
      for (let at = 0; at < bytes.length; ) {
        const end = at + 2 + bytes.readUInt16BE(at);
        entries.push(bytes.subarray(at + 2, end));
        at = end;
      }
    }
    expect(entries).toHaveLength(second.size);
    expect(toHex(referenceRoot(entries))).toBe(toHex(second.root));
    const [tile] = [hashesOf(await tiles.tile(0, 0, 256))];
    expect(toHex(tile![3]!)).toBe(toHex(leafHash(entries[3]!)));
  });

  it('tells nothing that is not signed, and knows no other paths', async () => {
    const { size } = await checkpoint();
    await record.record(producer, [new SessionEvents('later').opened()]);
    const index = Math.floor(size / 256);
    const width = (size % 256) + 1;
    for (const path of [
      `0/${String(index).padStart(3, '0')}.p/${width}`,
      `entries/${String(index).padStart(3, '0')}.p/${width}`,
      '2/000.p/1',
      '0/0',
      '0/000.p/256',
      '64/000',
      'x',
    ]) {
      expect([path, (await fetched(`/log/tile/${path}`)).status]).toEqual([path, 404]);
    }
    expect((await fetched('/log/checkpoint')).headers.get('cache-control')).toBe('no-cache');
  });
});
