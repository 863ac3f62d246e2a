import { generateKeyPairSync } from 'node:crypto';
import { checkpointText, leafHash, nodeHash, signNote, toBase64 } from '#ledger';
import { CommandLine } from '../../../../test/support/command-line.js';

/**
 * `receipt` and `reconcile` as a shell runs them. Faked: the audit-log API and Datadog's search, whose answers the test chooses; what is
 * observed is what is asked of them, what is printed, and the exit code.
 */
describe('receipt and reconcile', () => {
  let line: CommandLine;
  beforeAll(async () => {
    line = await CommandLine.start();
  });
  afterAll(() => line.close());
  beforeEach(() => line.reset());

  const cli = (...args: string[]) => line.run(args, { DD_API_KEY: 'k', DD_APP_KEY: 'a', DD_API_URL: line.url });

  const ID = '0123456789abcdef.7';
  const RECEIPT = {
    event: ID,
    node: 'gw-1',
    epoch: '0123456789abcdef',
    seq: 7,
    recorded: { position: '41', at: '2026-11-25T12:00:00.100000Z', run: { first: '40', last: '44' } },
    type: 'session.closed',
    occurredAt: '2026-11-25T12:00:00.000000Z',
    destinations: [
      {
        destination: 'datadog',
        state: 'accepted',
        batches: [
          {
            batch: '9',
            parent: null,
            lane: 'live',
            plan: null,
            state: 'accepted',
            count: 5,
            isResend: false,
            cutAt: '2026-11-25T12:00:00.200000Z',
            attempts: [
              {
                attempt: 1,
                at: '2026-11-25T12:00:00.300000Z',
                kind: 'retry',
                reason: '503 busy\u001b[2J',
                status: 503,
                elapsedMs: 3,
              },
              { attempt: 2, at: '2026-11-25T12:00:01.300000Z', kind: 'accepted', status: 202, elapsedMs: 8 },
            ],
            settledAt: '2026-11-25T12:00:01.300000Z',
            observedAt: null,
            lookedAt: '2026-11-25T12:10:00.000000Z',
            seen: 4,
          },
        ],
        logs: [],
        deadLetter: null,
      },
    ],
  };

  it('works the proof of a receipt out by itself', async () => {
    const leaves = ['a', 'b', 'c'].map((text) => Buffer.from(text));
    const hashes = leaves.map(leafHash);
    const root = nodeHash(nodeHash(hashes[0]!, hashes[1]!), hashes[2]!);
    const origin = 'affidavit/log-1a2b3c4d/1';
    const { privateKey } = generateKeyPairSync('ed25519');
    const checkpoint = signNote(checkpointText({ origin, size: 3, root }), origin, privateKey);
    const path = [hashes[0]!, hashes[2]!].map(toBase64);
    const recorded = { ...RECEIPT.recorded, position: '1' };
    const proof = { leaf: toBase64(leaves[1]!), size: '3', path, checkpoint };
    line.answers[`GET /v1/receipts/${ID}`] = [
      { ...RECEIPT, recorded, proof },
      { ...RECEIPT, recorded, proof: { ...proof, leaf: toBase64(leaves[2]!) } },
    ];
    const over = `the checkpoint of ${origin} over the first 3 events`;
    expect((await cli('receipt', ID)).stdout).toContain(`part of ${over}; its proof holds`);
    expect((await cli('receipt', ID)).stdout).toContain(`its proof does NOT lead to ${over}`);
  });

  it('shows a receipt as a time line that claims no more than is known', async () => {
    line.answers[`GET /v1/receipts/${ID}`] = [RECEIPT];
    const { code, stdout } = await cli('receipt', ID);
    expect(code).toBe(0);
    expect(stdout.split('\n').map((line) => line.trim().replace(/\s+/g, ' '))).toEqual([
      `${ID} session.closed, of gw-1`,
      "2026-11-25T12:00:00.000 it happened, by its producer's clock; from then on it was durable on the producer's disk",
      '2026-11-25T12:00:00.100 recorded at position 41',
      'no checkpoint is over it yet',
      '',
      'datadog accepted, not observed',
      '2026-11-25T12:00:00.200 in batch 9 of 5 events (live)',
      '2026-11-25T12:00:00.300 attempt 1 of batch 9: retry: 503 busy\\u001b[2J after 3 ms',
      '2026-11-25T12:00:01.300 attempt 2 of batch 9: accepted (202) after 8 ms',
      '2026-11-25T12:10:00.000 looked for: 4 of the 5 events of batch 9 are seen',
      '',
    ]);
    expect(JSON.parse((await cli('receipt', ID, '--json')).stdout)).toEqual(RECEIPT);
  });

  it('looks at Datadog itself with --observe', async () => {
    line.answers[`GET /v1/receipts/${ID}`] = [RECEIPT];
    line.answers['POST /api/v2/logs/events/search'] = [
      {
        data: [
          {
            id: 'AQAB',
            attributes: {
              timestamp: '2026-11-25T12:00:00.000Z',
              attributes: { evt: { id: ID }, delivery: { batch: '9', attempt: '2' } },
            },
          },
        ],
      },
    ];
    const { stdout } = await cli('receipt', ID, '--observe');
    expect(stdout).toContain('log AQAB (batch 9, attempt 2)');
    const search = line.asked.find(({ what }) => what.endsWith('search'));
    expect(search?.headers).toMatchObject({ 'dd-application-key': 'a' });
    expect(search?.body).toMatchObject({
      filter: { query: `@evt.id:"${ID}"`, from: '2026-11-24T17:00:00.100Z' },
    });
  });

  const RECONCILIATION = {
    id: 'reconciliation-abcdefghij',
    destination: 'datadog',
    from: '0',
    to: '100',
    next: '0',
    sendsMissing: true,
    state: 'waiting',
    waitsFor: null,
    batches: '0',
    checked: '0',
    compared: '0',
    missing: '0',
    resent: '0',
    duplicated: '0',
    truncated: '0',
    altered: '0',
    createdBy: 'api-key:x',
    createdAt: '2026-11-25T12:00:00.000000Z',
    finishedAt: null,
  };
  const at = `GET /v1/reconciliations/${RECONCILIATION.id}`;

  it('says of a reconciliation that judged nothing that it judged nothing', async () => {
    line.answers['POST /v1/reconciliations'] = [RECONCILIATION];
    line.answers[at] = [{ reconciliation: { ...RECONCILIATION, state: 'finished', next: '100' }, findings: [] }];
    const { code, stdout } = await cli('reconcile', '--from', '0');
    expect(code).toBe(0);
    expect(stdout).toContain('None of these positions could be judged');
  });

  it('waits for the end of a reconciliation, says how far it is, and exits with 1 where something is missing', async () => {
    line.answers['POST /v1/reconciliations'] = [RECONCILIATION];
    const running = { ...RECONCILIATION, state: 'running', next: '50', waitsFor: '403 Forbidden' };
    const finished = {
      ...RECONCILIATION,
      state: 'finished',
      next: '100',
      missing: '3',
      resent: '3',
      batches: '1',
      checked: '90',
    };
    const finding = {
      batch: '9',
      kind: 'missing',
      cause: 'lost',
      detail: 'index main takes it',
      count: 3,
      positions: ['41', '42', '44'],
      resentIn: '12',
    };
    line.answers[at] = [
      { reconciliation: running, findings: [] },
      { reconciliation: finished, findings: [finding] },
    ];
    const { code, stdout, stderr } = await cli('reconcile', '--from', '0', '--send-missing');
    expect(code).toBe(1);
    expect(line.asked[0]?.body).toEqual({ from: '0', sendMissing: true });
    expect(stderr).toContain('50 %');
    expect(stderr).toContain('403 Forbidden');
    expect(stdout).toContain('3, 3 of them sent again');
    expect(stdout).toMatch(/missing\s+lost\s+3\s+9\s+41–44\s+12\s+index main takes it/);
  });

  it('exits with 0 where nothing is missing; list and show take --json as well', async () => {
    line.answers['POST /v1/reconciliations'] = [RECONCILIATION];
    line.answers['GET /v1/reconciliations'] = [{ reconciliations: [RECONCILIATION] }];
    const result = { reconciliation: { ...RECONCILIATION, state: 'finished' }, findings: [] };
    line.answers[at] = [result];
    expect((await cli('reconcile', '--destination', 'datadog')).code).toBe(0);
    const shown = await cli('reconcile', 'show', RECONCILIATION.id, '--json');
    expect({ code: shown.code, body: JSON.parse(shown.stdout) }).toEqual({ code: 0, body: result });
    expect(JSON.parse((await cli('reconcile', 'list', '--json')).stdout)).toEqual([RECONCILIATION]);
    expect((await cli('reconcile', '--no-wait')).stdout).toContain(`reconcile show ${RECONCILIATION.id}`);
  });
});
