import { EvidenceLog } from '../support/evidence-maker.js';
import { SessionEvents } from '../support/session-events.js';

/** The smallest log that has a session in it: the worked example of docs/evidence-format.md. */
export async function exampleLog(): Promise<EvidenceLog> {
  const log = new EvidenceLog();
  log.enrol('gateway-1', 11);
  const epoch = log.begin('gateway-1');
  await log.checkpoint();
  const session = new SessionEvents('s-1');
  log.record(epoch, [session.opened(), ...session.command('SELECT 1'), session.closed()]);
  return log;
}
