import type { Epoch, EventDraft, NodeName } from '#events';
import { encodeEvent, stampEvent } from '#events';
import type { RecordedEvent } from '../read-events.js';
import { CSV_HEAD, csvField, csvLine } from './csv.js';

/** Fields of one line, read as RFC 4180 says, without the product. */
function fieldsOf(line: string): string[] {
  const fields: string[] = [];
  for (let rest = line.replace(/\r\n$/, ','); rest !== ''; ) {
    const [whole = '', quoted, plain = ''] = /^(?:"((?:[^"]|"")*)"|([^",]*)),/.exec(rest) ?? [];
    if (whole === '') throw new Error(`no field at ${rest}`);
    fields.push(quoted === undefined ? plain : quoted.replaceAll('""', '"'));
    rest = rest.slice(whole.length);
  }
  return fields;
}

function recorded(text: string, identity = 'agent-1'): RecordedEvent {
  const draft: EventDraft<'command.issued'> = {
    type: 'command.issued',
    time: '2026-11-25T12:00:00.000000Z',
    class: 'standard',
    session: 's-1',
    identity: { id: identity, kind: 'agent', verified: true },
    connection: { name: 'orders', type: 'postgres' },
    data: {
      command: 's-1.1',
      kind: 'query',
      statement: { text, bytes: Buffer.byteLength(text), sha256: '0'.repeat(64) },
      approval: { required: false, state: 'none' },
    },
  };
  const epoch = '00000000000000aa' as Epoch;
  const event = stampEvent(draft, 'gw-1' as NodeName, epoch, 1);
  return {
    ...{ position: 7n, recordedAt: draft.time, class: 'standard', node: 'gw-1' as NodeName, epoch, seq: 1 },
    ...{
      type: 'command.issued',
      occurredAt: draft.time,
      sessionId: 's-1',
      identityId: identity,
      identityKind: 'agent',
    },
    ...{ connection: 'orders', outcome: null, duplicateOf: null, body: encodeEvent(event) },
  };
}

describe('CSV for people', () => {
  const columns = fieldsOf(CSV_HEAD.slice(1));
  const statementOf = (text: string) => fieldsOf(csvLine(recorded(text)))[columns.indexOf('statement')];

  it.each([
    '=HYPERLINK("http://evil.test","x")',
    "+1+cmd|' /C calc'!A0",
    '-2+3',
    '@SUM(A1)',
    '|calc',
    '%0A=1',
    '\t=1',
    '\r=1',
    '  =1',
    '＝1+1',
  ])('a command that a spreadsheet would calculate stays text: %j', (text) => {
    expect(statementOf(text)).toBe(`'${text}`);
  });

  it('what breaks lines and columns stays in its field', () => {
    const text = 'SELECT "a", \'b\'\r\nFROM t; -- , "" \u0001';
    expect(statementOf(text)).toBe(text);
    expect(fieldsOf(csvLine(recorded(text)))).toHaveLength(columns.length);
  });

  it('the whole event stands in the last column, as it was recorded', () => {
    const row = recorded('SELECT 1', '=evil');
    const fields = fieldsOf(csvLine(row));
    expect(fields[columns.indexOf('body')]).toBe(row.body.toString());
    expect(fields[columns.indexOf('identity')]).toBe("'=evil");
  });

  it('quarantined bytes come in base64', () => {
    const row: RecordedEvent = {
      ...recorded('x'),
      type: 'quarantined',
      occurredAt: null,
      body: Buffer.from([0xff, 0, 10]),
    };
    expect(fieldsOf(csvLine(row)).at(-1)).toBe('/wAK');
  });

  it('numbers of ours are numbers', () => {
    expect([csvField(-5), csvField(12n), csvField(true), csvField(null)]).toEqual(['-5', '12', 'true', '']);
  });
});
