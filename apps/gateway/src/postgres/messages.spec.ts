import fc from 'fast-check';
import {
  BACK,
  type ClientFrame,
  ClientFramer,
  cString,
  errorResponse,
  FRONT,
  INLINE_LIMIT,
  message,
  readErrorFields,
  type ServerSink,
  ServerWalker,
} from './messages.js';

function pieces(bytes: Buffer, cuts: number[]): Buffer[] {
  const at = [0, ...cuts.map((cut) => cut % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
  return at.slice(1).map((end, i) => bytes.subarray(at[i], end));
}

/** What a framer makes of chunks, with everything that may be cut anywhere joined again. */
function framed(chunks: Buffer[]): string[] {
  const framer = new ClientFramer();
  const out: string[] = [];
  let run: { kind: string; bytes: Buffer[] } | undefined;
  const end = () => {
    if (run) out.push(`${run.kind} ${Buffer.concat(run.bytes).toString('hex')}`);
    run = undefined;
  };
  for (const chunk of chunks) {
    framer.feed(chunk);
    for (let frame: ClientFrame | undefined = framer.next(); frame; frame = framer.next()) {
      if (frame.kind === 'copy' || frame.kind === 'part') {
        if (run?.kind !== frame.kind) end();
        run ??= { kind: frame.kind, bytes: [] };
        run.bytes.push(Buffer.from(frame.bytes));
        if (frame.kind === 'part' && frame.last) end();
      } else {
        end();
        out.push(
          frame.kind === 'large' ? `large ${frame.type} ${frame.bodyBytes}` : `message ${frame.bytes.toString('hex')}`,
        );
      }
    }
  }
  end();
  expect(framer.isMidMessage).toBe(false);
  return out;
}

const small = fc
  .tuple(
    fc.constantFrom(FRONT.query, FRONT.parse, FRONT.bind, FRONT.execute, FRONT.sync, FRONT.copyData, FRONT.copyDone),
    fc.uint8Array({ maxLength: 40 }),
  )
  .map(([type, body]) => message(type, Buffer.from(body)));

describe('the client framer', () => {
  it('finds the same messages however the stream is cut', () => {
    fc.assert(
      fc.property(
        fc.array(small, { minLength: 1, maxLength: 12 }),
        fc.array(fc.nat(), { maxLength: 20 }),
        (list, cuts) => {
          const whole = Buffer.concat(list);
          const expected = framed([whole]);
          expect(framed(pieces(whole, cuts))).toEqual(expected);
          expect(framed(pieces(whole, [...whole.keys()]))).toEqual(expected);
        },
      ),
    );
  });

  it('announces a large message and passes its body in parts', () => {
    const big = message(FRONT.query, Buffer.alloc(INLINE_LIMIT + 10, 0x61), Buffer.from([0]));
    const whole = Buffer.concat([message(FRONT.sync), big, message(FRONT.sync)]);
    const frames = framed(pieces(whole, [3, 7, 8, 9, 10, 100_000, 200_000]));
    expect(frames[1]).toBe(`large ${FRONT.query} ${INLINE_LIMIT + 11}`);
    expect(frames[2]).toHaveLength('part '.length + (INLINE_LIMIT + 11) * 2);
    expect(frames).toHaveLength(4);
    expect(framed([whole])).toEqual(frames);
  });

  it.each([
    ['an unknown type', Buffer.from([0x7a, 0, 0, 0, 4])],
    ['a password after the login', message(FRONT.password, cString('x'))],
    ['a length below 4', Buffer.from([FRONT.query, 0, 0, 0, 3])],
    ['a negative length', Buffer.from([FRONT.query, 0xff, 0xff, 0xff, 0xff])],
    ['a Sync of 1 GB', Buffer.from([FRONT.sync, 0x40, 0, 0, 0])],
  ])('refuses %s', (_name, bytes) => {
    const framer = new ClientFramer();
    framer.feed(bytes);
    expect(() => framer.next()).toThrow(expect.objectContaining({ code: 'GATEWAY_PROTOCOL_VIOLATION' }));
  });
});

class Listening implements ServerSink {
  log: string[] = [];
  out: Buffer[] = [];
  rows = 0;
  bytes = 0;
  replacement: Buffer | undefined;
  data(rows: number, bytes: number): void {
    this.rows += rows;
    this.bytes += bytes;
  }
  message(type: number, body: Buffer): void {
    if (this.bytes > 0) this.log.push(`rows ${this.rows} ${this.bytes}`);
    this.rows = 0;
    this.bytes = 0;
    this.log.push(`${String.fromCharCode(type)} ${body.toString('hex')}`);
  }
  replacesError(): boolean {
    return this.replacement !== undefined;
  }
  replaceError(): Buffer | undefined {
    return this.replacement;
  }
  forward(bytes: Buffer): void {
    this.out.push(Buffer.from(bytes));
  }
}

function walked(chunks: Buffer[], replacement?: Buffer) {
  const walker = new ServerWalker();
  const sink = new Listening();
  sink.replacement = replacement;
  for (const chunk of chunks) walker.push(chunk, sink);
  return { log: sink.log, out: Buffer.concat(sink.out) };
}

const error = errorResponse({ severity: 'ERROR', sqlstate: '42601', message: 'syntax error' });
const answer = fc.oneof(
  fc.uint8Array({ maxLength: 60 }).map((body) => message(BACK.dataRow, Buffer.from(body))),
  fc.constantFrom(
    message(BACK.bindComplete),
    message(BACK.commandComplete, cString('SELECT 1')),
    message(BACK.readyForQuery, Buffer.from('I')),
    message(BACK.parameterStatus, cString('client_encoding'), cString('UTF8')),
    message(BACK.notice, Buffer.from('whatever'), Buffer.from([0])),
    error,
  ),
);

describe('the server walker', () => {
  it('tells and forwards the same however the stream is cut', () => {
    fc.assert(
      fc.property(
        fc.array(answer, { minLength: 1, maxLength: 12 }),
        fc.array(fc.nat(), { maxLength: 20 }),
        fc.option(fc.constant(errorResponse({ severity: 'ERROR', sqlstate: '53100', message: 'no room' })), {
          nil: undefined,
        }),
        (list, cuts, replacement) => {
          const whole = Buffer.concat([...list, message(BACK.readyForQuery, Buffer.from('I'))]);
          const expected = walked([whole], replacement);
          expect(walked(pieces(whole, cuts), replacement)).toEqual(expected);
          expect(walked(pieces(whole, [...whole.keys()]), replacement)).toEqual(expected);
          const goes = list.map((one) => (one === error && replacement ? replacement : one));
          expect(expected.out).toEqual(Buffer.concat([...goes, message(BACK.readyForQuery, Buffer.from('I'))]));
        },
      ),
    );
  });

  it('reads the fields of an error', () => {
    expect(readErrorFields(error.subarray(5))).toEqual({
      severity: 'ERROR',
      sqlstate: '42601',
      message: 'syntax error',
    });
  });

  it('refuses what no server of protocol 3.0 sends', () => {
    expect(() => walked([message(0x7a)])).toThrow(expect.objectContaining({ code: 'GATEWAY_PROTOCOL_VIOLATION' }));
  });
});
