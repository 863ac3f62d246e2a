import { verifyBundle } from '#ledger';
import { EvidenceLog, sourceOf } from '../support/evidence-maker.js';
import { SessionEvents } from '../support/session-events.js';
import { rewrite } from './mutations.js';

/**
 * Somebody has every right on the database, the key that signs checkpoints and the one of the record's own events: he rewrites an event,
 * builds every hash anew and signs it. What he cannot reach is one checkpoint that was signed before.
 */
describe('a log that was rewritten with stolen keys', () => {
  const log = new EvidenceLog();
  const epochs = new Map<string, string>();

  beforeAll(async () => {
    log.enrol('gateway-1', 11);
    epochs.set('gateway-1', log.begin('gateway-1'));
    for (let round = 0; round < 6; round++) {
      const session = new SessionEvents(`s-${round}`);
      log.record(epochs.get('gateway-1')!, [session.opened(), ...session.command(`SELECT ${round}`), session.closed()]);
      log.say('key.created', { key: `key-${round}`, role: 'auditor', by: 'agent-of-chaos' });
      await log.checkpoint();
    }
  });

  async function rewritten(position: number) {
    const forged = log.clone();
    rewrite(forged, position);
    return sourceOf(await (await forged.bundle()).zip());
  }

  it.each([1, 3, 6, 11, 16, 21])(
    'at position %i, is shown by any one checkpoint from before that covers it',
    async (position) => {
      const source = await rewritten(position);
      for (const { note, size } of log.checkpoints) {
        const { problems } = await verifyBundle(source, { checkpoints: [note] });
        const codes = problems.map((problem) => problem.code);
        if (size > position) expect(codes).toContain('checkpoint-fork');
        else expect(codes).not.toContain('checkpoint-fork');
      }
    },
  );

  it('in what a gateway said, is shown by its signature alone', async () => {
    const at = log.events.find(({ event }) => event?.type === 'command.issued')!.position;
    const { problems } = await verifyBundle(await rewritten(at));
    expect(new Set(problems.map((problem) => problem.code))).toEqual(new Set(['head']));
  });

  it('in what the record itself said, is valid to whoever holds no checkpoint, and the report says so', async () => {
    const at = log.events.find(({ event }) => event?.type === 'key.created')!.position;
    const { verdict, notProven } = await verifyBundle(await rewritten(at));
    expect(verdict).toBe('valid');
    expect(notProven.join(' ')).toContain('That nobody else was shown another log');
  });
});
