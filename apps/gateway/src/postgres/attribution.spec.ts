import fc from 'fast-check';
import { Attribution, Command, type CommandOutcome, type Committed, type EntryKind } from './attribution.js';
import { BACK, cString, errorResponse } from './messages.js';
import { NameTable } from './names.js';

/** An attribution with a log of what it said, and short hands for both sides of the conversation. */
class Talk {
  said: string[] = [];
  errors: string[] = [];
  now = 0;
  count = 0;
  group = 0;
  attribution = new Attribution<Command>(
    {
      finished: (command: Command, outcome: CommandOutcome, committed: Committed) =>
        this.said.push(`${command.id} ${outcome} ${committed}${command.rows > 0 ? ` ${command.rows}` : ''}`),
      sessionError: (error) => this.errors.push(error.sqlstate),
    },
    () => this.now,
  );

  query(text = ''): Command {
    const command = this.#command('q', text);
    this.attribution.sent('query', command);
    return command;
  }

  bind(portal = '', text = ''): Command {
    const command = this.#command('b', text);
    this.attribution.sent('bind', command, '', [this.attribution.portals.define(portal, command, this.group)]);
    return command;
  }

  execute(portal = ''): void {
    const found = this.attribution.portals.lookup(portal, this.group);
    this.attribution.sent('execute', found.state === 'known' ? found.value : undefined, portal);
  }

  sync(): void {
    this.attribution.sent('sync');
    this.group += 1;
  }

  sent(kind: EntryKind): void {
    this.attribution.sent(kind);
  }

  /** Answers by letter; `C:tag`, `Z:status`, `E:sqlstate`, `F:sqlstate` (fatal), `D:rows`. */
  got(...answers: string[]): void {
    for (const answer of answers) {
      const [letter, value = ''] = answer.split(':');
      if (letter === 'D') this.attribution.data(Number(value), Number(value) * 10);
      else if (letter === 'C') this.attribution.received(BACK.commandComplete, cString(value));
      else if (letter === 'Z') this.attribution.received(BACK.readyForQuery, Buffer.from(value));
      else if (letter === 'E' || letter === 'F') {
        const severity = letter === 'E' ? 'ERROR' : 'FATAL';
        const whole = errorResponse({ severity, sqlstate: value, message: 'no' });
        this.attribution.received(BACK.error, whole.subarray(5));
      } else this.attribution.received((letter as string).charCodeAt(0), Buffer.alloc(0));
    }
  }

  #command(prefix: string, text: string): Command {
    this.count += 1;
    const command = new Command(`${prefix}${this.count}`, text, this.now);
    command.forwarded = true;
    return command;
  }
}

let talk: Talk;
beforeEach(() => {
  talk = new Talk();
});

describe('what became of a command', () => {
  it('is said of a simple query at its ReadyForQuery', () => {
    talk.query();
    talk.got('T', 'D:2', 'C:SELECT 2');
    expect(talk.said).toEqual([]);
    talk.got('Z:I');
    expect(talk.said).toEqual(['q1 success yes 2']);
  });

  it('is not committed when a later Execute of its transaction fails', () => {
    talk.bind();
    talk.execute();
    talk.bind();
    talk.execute();
    talk.sync();
    talk.got('2', 'C:INSERT 0 1', '2', 'E:22012', 'Z:I');
    expect(talk.said).toEqual(['b1 success no', 'b2 failure no']);
  });

  it('is unknown inside a block, and told by its COMMIT', () => {
    talk.query('BEGIN');
    talk.got('C:BEGIN', 'Z:T');
    talk.query('INSERT');
    talk.got('C:INSERT 0 1', 'Z:T');
    talk.query('COMMIT');
    talk.got('C:COMMIT', 'Z:I');
    expect(talk.said).toEqual(['q1 success unknown', 'q2 success unknown', 'q3 success yes']);
  });

  it('is no where COMMIT is answered with ROLLBACK', () => {
    talk.query('COMMIT');
    talk.got('C:ROLLBACK', 'Z:I');
    expect(talk.said).toEqual(['q1 success no']);
  });

  it('is no after a ROLLBACK in the same pipeline, yes after a COMMIT, unknown after ROLLBACK TO', () => {
    for (const [text, tag] of [
      ['INSERT', 'INSERT 0 1'],
      ['ROLLBACK', 'ROLLBACK'],
      ['INSERT', 'INSERT 0 1'],
      ['COMMIT', 'COMMIT'],
      ['INSERT', 'INSERT 0 1'],
      ['ROLLBACK TO a', 'ROLLBACK'],
    ] as const) {
      talk.bind('', text);
      talk.execute();
      talk.got('2', `C:${tag}`);
    }
    talk.sync();
    talk.got('Z:T');
    expect(talk.said).toEqual([
      'b1 success no',
      'b2 success no',
      'b3 success yes',
      'b4 success yes',
      'b5 success unknown',
      'b6 success unknown',
    ]);
  });

  it('is unknown for what follows a COMMIT and then becomes part of a block', () => {
    talk.bind('', 'COMMIT');
    talk.execute();
    talk.bind('', 'INSERT');
    talk.execute();
    talk.query('BEGIN');
    talk.got('2', 'C:COMMIT', '2', 'C:INSERT 0 1', 'C:BEGIN', 'Z:T');
    expect(talk.said).toEqual(['b1 success yes', 'b2 success unknown', 'q3 success unknown']);
  });

  it('is a failure at commit where the Sync itself fails', () => {
    talk.bind();
    talk.execute();
    talk.sync();
    talk.got('2', 'C:INSERT 0 1', 'E:23503', 'Z:I');
    expect(talk.said).toEqual(['b1 failure no']);
  });

  it('is skipped for everything up to the Sync after an error, also for a simple query', () => {
    talk.bind();
    talk.execute();
    talk.query();
    talk.bind();
    talk.execute();
    talk.sync();
    talk.bind();
    talk.execute();
    talk.sync();
    talk.got('2', 'E:22012', 'Z:I', '2', 'C:SELECT 1', 'Z:I');
    expect(talk.said).toEqual(['q2 skipped no', 'b3 skipped no', 'b1 failure no', 'b4 success yes']);
  });

  it('is skipped for what comes after an error before its Sync does', () => {
    talk.bind();
    talk.execute();
    talk.got('2', 'E:22012');
    talk.bind();
    talk.execute();
    talk.sync();
    talk.got('Z:I');
    expect(talk.said).toEqual(['b2 skipped no', 'b1 failure no']);
  });

  it('blames the command behind a Parse that failed', () => {
    talk.sent('parse');
    talk.bind();
    talk.execute();
    talk.sync();
    talk.got('E:42601', 'Z:I');
    expect(talk.said).toEqual(['b1 failure no']);
  });

  it('adds up the rows of a portal that was suspended, and ends it with its transaction', () => {
    talk.bind('c');
    talk.execute('c');
    talk.sync();
    talk.got('2', 'D:10', 's', 'Z:T');
    talk.execute('c');
    talk.sync();
    talk.got('D:5', 's', 'Z:T');
    expect(talk.said).toEqual([]);
    talk.query('COMMIT');
    talk.got('C:COMMIT', 'Z:I');
    expect(talk.said).toEqual(['q2 success yes', 'b1 success yes 15']);
  });

  it('is skipped for a portal that was bound and never executed', () => {
    talk.bind();
    talk.sync();
    talk.got('2', 'Z:I');
    expect(talk.said).toEqual(['b1 skipped no']);
  });

  it('is unknown for what is under way when the target says FATAL and goes', () => {
    talk.query();
    talk.query();
    talk.got('F:57P01');
    talk.attribution.end();
    expect(talk.said).toEqual(['q1 unknown unknown', 'q2 unknown unknown']);
    expect(talk.errors).toEqual(['57P01']);
  });

  it('is skipped for what never went on', () => {
    talk.query().forwarded = false;
    talk.attribution.end();
    expect(talk.said).toEqual(['q1 skipped no']);
  });

  it('is cancelled with SQLSTATE 57014', () => {
    talk.query();
    talk.got('E:57014', 'Z:I');
    expect(talk.said).toEqual(['q1 cancelled no']);
  });

  it('is unknown for a string of statements with a COMMIT in its middle that fails later', () => {
    talk.query('INSERT; COMMIT; INSERT; SELECT 1/0');
    talk.got('C:INSERT 0 1', 'C:COMMIT', 'C:INSERT 0 1', 'E:22012', 'Z:I');
    expect(talk.said).toEqual(['q1 failure unknown']);
  });
});

describe('the place in the conversation', () => {
  it('is kept over a Sync that COPY swallows', () => {
    talk.bind();
    talk.execute();
    talk.sync();
    talk.got('2', 'G');
    talk.attribution.copied(100);
    talk.attribution.copyEnded();
    talk.sync();
    talk.got('C:COPY 3', 'Z:I');
    talk.query();
    talk.got('C:SELECT 1', 'Z:I');
    expect(talk.said).toEqual(['b1 success yes', 'q2 success yes']);
  });

  it('is kept where COPY data was sent before the server asked for it', () => {
    talk.bind();
    talk.execute();
    talk.sync();
    talk.attribution.copyEnded();
    talk.sync();
    talk.query();
    talk.got('2', 'G', 'C:COPY 3', 'Z:I', 'C:SELECT 1', 'Z:I');
    expect(talk.said).toEqual(['b1 success yes', 'q2 success yes']);
    expect(talk.attribution.isCopyIn).toBe(false);
  });

  it('is lost, and said to be, when an answer fits nothing', () => {
    const lost = expect.objectContaining({ code: 'GATEWAY_PROTOCOL_VIOLATION' });
    expect(() => talk.got('Z:I')).toThrow(lost);
    expect(() => talk.got('1')).toThrow(lost);
    expect(() => talk.got('C:SELECT 1')).toThrow(lost);
    expect(() => talk.got('D:1')).toThrow(lost);
    expect(() => talk.got('W')).toThrow(lost);
  });

  it('an error with nothing under way belongs to the session', () => {
    talk.got('E:57P05');
    expect(talk.errors).toEqual(['57P05']);
  });
});

/** A model of the server: what PostgreSQL answers to a pipeline, as its documentation and source say. */
type Step = 'ok' | 'fails' | 'sync' | 'query' | 'query-fails' | 'describe';

describe('random pipelines', () => {
  it('every command ends exactly once, and as the server treated it, however late the answers come', () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom<Step>('ok', 'fails', 'sync', 'query', 'query-fails', 'describe'), { maxLength: 30 }),
        fc.array(fc.nat(20), { maxLength: 30 }),
        (steps, pace) => {
          const t = new Talk();
          const answers: string[] = [];
          const expected = new Map<string, string>();
          let skipping = false;
          let group: string[] = [];
          const settle = (failed: boolean) => {
            for (const id of group) expected.set(id, `${expected.get(id)} ${failed ? 'no' : 'yes'}`);
            group = [];
          };
          let failed = false;
          [...steps, 'sync' as const].forEach((step, at) => {
            if (step === 'sync') {
              t.sync();
              skipping = false;
              answers.push('Z:I');
              settle(failed);
              failed = false;
            } else if (step === 'describe') {
              t.sent('describe');
              if (!skipping) answers.push('T');
            } else if (step === 'ok' || step === 'fails') {
              const command = t.bind();
              t.execute();
              if (skipping) expected.set(command.id, 'skipped no');
              else if (step === 'ok') {
                answers.push('2', 'D:1', 'C:SELECT 1');
                expected.set(command.id, 'success');
                group.push(command.id);
              } else {
                answers.push('2', 'E:22012');
                expected.set(command.id, 'failure');
                group.push(command.id);
                skipping = true;
                failed = true;
              }
            } else {
              const command = t.query();
              if (skipping) expected.set(command.id, 'skipped no');
              else {
                const ok = step === 'query';
                answers.push(...(ok ? ['D:1', 'C:SELECT 1', 'Z:I'] : ['E:22012', 'Z:I']));
                expected.set(command.id, ok ? 'success' : 'failure');
                group.push(command.id);
                settle(!ok);
                failed = false;
              }
            }
            // Some answers come while the client still sends.
            for (let n = pace[at] ?? 0; n > 0 && answers.length > 0; n--) t.got(answers.shift() as string);
          });
          t.got(...answers);
          expect(t.attribution.size).toBe(0);
          const said = new Map(
            t.said.map((line) => [line.split(' ')[0] as string, line.split(' ').slice(1, 3).join(' ')]),
          );
          expect(t.said).toHaveLength(expected.size);
          expect(said).toEqual(expected);
        },
      ),
      { numRuns: 500 },
    );
  });
});

describe('a name', () => {
  it('that fails to be redefined keeps what it stood for', () => {
    const names = new NameTable<string>();
    names.define('s', 'A', 0).settle('done');
    const again = names.define('s', 'B', 1);
    expect(names.lookup('s', 1)).toEqual({ state: 'known', value: 'B' });
    expect(names.lookup('s', 2)).toEqual({ state: 'open' });
    again.settle('failed');
    expect(names.lookup('s', 2)).toEqual({ state: 'known', value: 'A' });
  });

  it('without characters is gone when its Parse fails, and stays when that was skipped', () => {
    const names = new NameTable<string>();
    names.define('', 'A', 0).settle('done');
    names.define('', 'B', 1).settle('skipped');
    expect(names.lookup('', 2)).toEqual({ state: 'known', value: 'A' });
    names.define('', 'C', 2).settle('failed');
    expect(names.lookup('', 3)).toEqual({ state: 'absent' });
  });
});
