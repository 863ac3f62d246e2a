import fc from 'fast-check';
import { inOrder, lineChunks, linesOf } from './lines.js';

async function* pieces(bytes: Uint8Array, sizes: readonly number[]): AsyncGenerator<Uint8Array> {
  for (let at = 0, turn = 0; at < bytes.length; turn++) {
    const size = sizes[turn % sizes.length]!;
    yield bytes.subarray(at, at + size);
    at += size;
  }
}

describe('lines of a member', () => {
  it('are the same, and numbered the same, however they are read', async () => {
    const line = fc.oneof(
      fc.string({ unit: 'grapheme' }),
      fc.nat(90_000).map((length) => 'x'.repeat(length)),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.array(
          line.map((text) => text.replaceAll('\n', ' ')),
          { maxLength: 30 },
        ),
        fc.array(fc.integer({ min: 1, max: 300_000 }), { minLength: 1, maxLength: 5 }),
        async (lines, sizes) => {
          const bytes = Buffer.from(lines.map((text) => `${text}\n`).join(''));
          const found: string[] = [];
          for await (const chunk of lineChunks(pieces(bytes, sizes), 'member')) {
            expect(chunk.firstLine).toBe(found.length + 1);
            const some = [...linesOf(chunk.bytes)].map((one) => Buffer.from(one).toString());
            expect(chunk.lines).toBe(some.length);
            found.push(...some);
          }
          expect(found).toEqual(lines);
        },
      ),
      { numRuns: 60 },
    );
  });

  it('must all be ended, and none may be without end', async () => {
    const read = async (bytes: Uint8Array) => {
      for await (const _ of lineChunks(pieces(bytes, [1 << 20]), 'member'));
    };
    await expect(read(Buffer.from('one\ntwo'))).rejects.toMatchObject({ code: 'malformed', where: 'member, line 2' });
    await expect(read(new Uint8Array(17 << 20))).rejects.toMatchObject({ code: 'too-large' });
  });
});

describe('work in order', () => {
  it('gives results in the order of the pieces, so many at once, and what a piece throws', async () => {
    let running = 0;
    let most = 0;
    const numbers = async function* () {
      for (let number = 0; number < 20; number++) yield number;
    };
    const work = async (number: number) => {
      most = Math.max(most, ++running);
      await new Promise((resolve) => setTimeout(resolve, (number * 7) % 5));
      running -= 1;
      if (number === 15) throw new Error('fifteen');
      return number;
    };
    const found: number[] = [];
    const all = async () => {
      for await (const number of inOrder(numbers(), work, 4)) found.push(number);
    };
    await expect(all()).rejects.toThrow('fifteen');
    expect(found).toEqual(Array.from({ length: 15 }, (_, at) => at));
    expect(most).toBe(4);
  });
});
