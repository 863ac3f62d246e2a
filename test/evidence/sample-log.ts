import { EvidenceLog, type LoggedEvent } from '../support/evidence-maker.js';
import { SessionEvents } from '../support/session-events.js';

/** What tests say of the sample log. */
export interface Sample {
  log: EvidenceLog;
  /** Epochs of gateways, in the order in which they began. */
  epochs: string[];
  /** The session that the selection is about. */
  session: string;
}

/**
 * A log with some of everything: two gateways, of which one ends and begins again, sessions of all ends, a hole with a name, bytes that are no
 * event, a purge, another key, and a database that went back.
 * @param commands of the longest session; more of them make a larger log
 */
export async function sampleLog(commands = 40): Promise<Sample> {
  const log = new EvidenceLog();
  log.enrol('gateway-1', 11);
  log.enrol('gateway-2', 12);
  const epochs = [log.begin('gateway-1'), log.begin('gateway-2')];
  const [one, two] = epochs as [string, string];
  await log.checkpoint();

  const long = new SessionEvents('s-long', { identity: 'agent-1', connection: 'orders' });
  log.record(one, [long.opened(), ...long.command('SELECT 1'), ...long.command('SELEKT 2', 'failure')]);
  const other = new SessionEvents('s-other', {
    identity: '=cmd|calc',
    kind: 'human',
    connection: 'a "quoted", name',
    class: 'short',
  });
  log.record(two, [other.opened(), ...other.command("SELECT 'Grüße, \u{1f600}'")]);
  for (let command = 2; command < commands; command += 3) {
    const some = [command, command + 1, command + 2].filter((number) => number < commands);
    log.record(
      one,
      some.flatMap((number) => long.command(`SELECT ${number}`)),
    );
  }
  log.record(one, [long.closed()]);
  const denied = new SessionEvents('s-denied');
  log.record(two, [denied.denied(), ...other.command('SELECT 3'), other.closed()]);
  await log.checkpoint();

  log.lose(two, 3);
  log.record(two, [Buffer.from('{"this":"is no event"}')]);
  const short = new SessionEvents('s-short', { class: 'short' });
  const events = log.record(two, [short.opened(), ...short.command('SELECT 4'), short.closed()]);
  log.rotate(3);
  await log.checkpoint();
  log.purge('short', events[0]!.recordedAtUs, events[0]!.recordedAtUs + 1n);

  const left = new SessionEvents('s-left');
  log.record(one, [left.opened(), ...left.command('SELECT 5')]);
  const kept = log.size;
  const lost = left.command('SELECT 6');
  log.record(one, lost);
  await log.checkpoint();
  log.restore(kept);
  // Its spool still has it.
  log.record(one, lost);
  const again = log.begin('gateway-1');
  log.record(again, [left.abandoned()]);
  log.record(again, [new SessionEvents('s-open').opened()]);
  await log.checkpoint();
  return { log, epochs: [...epochs, again], session: 's-long' };
}

/** Of one session, as a key without limits asks for it. */
export function ofSession(session: string): {
  selection: Record<string, unknown>;
  fits: (event: LoggedEvent) => boolean;
} {
  return { selection: { session }, fits: ({ event }) => event?.session === session };
}
