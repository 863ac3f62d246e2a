import { until } from '../support/servers.js';
import type { AppName, Stack } from '../support/stack.js';

/** How a fault must be seen while it lasts, by whoever looks after the system. */
export interface Sign {
  app: Exclude<AppName, 'datadog'>;
  /** Name of the check. */
  check: string;
  reason: RegExp;
  remedy: RegExp;
}

interface CheckView {
  name: string;
  hop: string;
  ok: boolean;
  since: string;
  reason?: string;
  remedy?: string;
}

interface TroubleView {
  hop: string;
  of: string;
  since: string | null;
  reason: string;
  remedy: string;
  required: boolean;
}

/** A process looks at its checks every five seconds, and this machine is slow. */
const WITHIN_MS = 30_000;

/**
 * While a fault lasts: `/readyz` of the process names hop, reason and remedy; its metrics show the check as down; `affidavit status`
 * says the same and since when; `affidavit doctor` names the remedy.
 * @param beganAtMs when the fault began: nobody may claim an earlier time; undefined where the process has another idea of the time
 */
export async function expectSign(
  stack: Stack,
  { app, check, reason, remedy }: Sign,
  beganAtMs: number | undefined,
): Promise<void> {
  const down = await until(
    `${app} says what is wrong with ${check}`,
    async () => {
      const answer = await fetch(`${stack.adminUrl(app)}/readyz`).catch(() => undefined);
      const { checks = [] } = ((await answer?.json()) ?? {}) as { checks?: CheckView[] };
      return checks.find((one) => one.name === check && !one.ok && reason.test(one.reason ?? ''));
    },
    WITHIN_MS,
  );
  expect(down.remedy).toMatch(remedy);
  expect(down.hop).toContain('→');

  const metrics = await (await fetch(`${stack.adminUrl(app)}/metrics`)).text();
  expect(metrics.split('\n')).toContainEqual(
    expect.stringMatching(new RegExp(`^affidavit_check_up\\{check="${check}",.* 0$`)),
  );

  const { troubles } = await status(stack);
  const shown = troubles.find((one) => one.of === `${app}: ${check}`);
  expect(shown).toMatchObject({ hop: down.hop, reason: expect.stringMatching(reason) });
  const sinceMs = Date.parse(shown?.since ?? '');
  expect(sinceMs).toBeGreaterThan((beganAtMs ?? 0) - 1000);
  if (beganAtMs !== undefined) expect(sinceMs).toBeLessThan(Date.now());

  expect(await remedies(stack)).toContainEqual(expect.stringMatching(remedy));
}

/** What `affidavit status` says is wrong. */
export async function status(
  stack: Stack,
): Promise<{ troubles: TroubleView[]; hops: { hop: string; state: string }[] }> {
  const { stdout, stderr } = await stack.affidavit('status', '--json');
  if (stdout === '') throw new Error(`affidavit status says nothing: ${stderr}`);
  return JSON.parse(stdout) as Awaited<ReturnType<typeof status>>;
}

/** The remedies that `affidavit doctor` names. */
export async function remedies(stack: Stack): Promise<string[]> {
  const { stdout } = await stack.affidavit('doctor', '--json');
  return (JSON.parse(stdout) as { remedy?: string }[]).flatMap(({ remedy }) => remedy ?? []);
}

/** Nothing is left that a person would have to look at, but what a process remembers on purpose for some minutes. */
export async function expectNoTrouble(stack: Stack): Promise<void> {
  let last: TroubleView[] = [];
  await until('nothing is wrong any more', async () => {
    last = (await status(stack)).troubles.filter((one) => one.required);
    return last.length === 0;
  }).catch(() => undefined);
  expect(last).toEqual([]);
}
