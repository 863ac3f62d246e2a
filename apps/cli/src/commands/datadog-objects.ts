import { Command } from 'commander';
import type { Report, Step } from '../datadog-objects.js';
import { EXIT } from '../errors.js';
import { colours, cut, line, type OutputOptions, present, type Styled, table } from '../output.js';

/** `affidavit datadog plan|apply|destroy|drift`: monitors, dashboard and pipeline as code. */
export function datadogObjectCommands(): Command[] {
  return [
    new Command('plan')
      .description('What `apply` would create, change and delete at Datadog. Changes nothing.')
      .option('--json', 'machine-readable output')
      .action(async (options: OutputOptions) => {
        const { planObjects } = await import('../datadog-objects.js');
        await present(
          options,
          await planObjects(),
          async (report) => `${await stepsTable(report)}\n${summary(report)}`,
        );
      }),
    new Command('apply')
      .description(
        'Bring pipeline, monitors and dashboard at Datadog to what affidavit.yaml says. Repeating it changes nothing.',
      )
      .option('--json', 'machine-readable output')
      .action(async (options: OutputOptions) => {
        const { applyObjects } = await import('../datadog-objects.js');
        const report = await applyObjects((step) => {
          if (!options.json) line(stepLine(step));
        });
        const { FACETS } = await import('#delivery/datadog');
        await present(options, { ...report, facets: FACETS }, async ({ facets, ...done }) =>
          [
            summary(done),
            '',
            'Facets have no API. By hand, in the Log Explorer: open a log of source:affidavit, click the attribute, "Create facet" or "Create measure":',
            await table(
              ['attribute', 'as', 'for'],
              facets.map(({ path, kind, unit, purpose }) => [path, unit ? `${kind} (${unit})` : kind, purpose]),
            ),
          ].join('\n'),
        );
      }),
    new Command('drift')
      .description('Whether what is at Datadog is still what was applied. Exit code 1 where it is not.')
      .option('--json', 'machine-readable output')
      .action(async (options: OutputOptions) => {
        const { planObjects } = await import('../datadog-objects.js');
        const report = await planObjects();
        await present(options, report, async () => {
          const differing = { ...report, steps: report.steps.filter(isChange) };
          if (differing.steps.length === 0) return `Nothing differs: ${report.steps.length} objects at ${report.api}.`;
          return `${await stepsTable(differing)}\n${summary(report)} \`affidavit datadog apply\` brings it back.`;
        });
        if (report.steps.some(isChange)) process.exitCode = EXIT.failed;
      }),
    new Command('destroy')
      .description('Delete everything that `apply` made, of this environment. Without --yes it only shows what.')
      .option('--yes', 'do it')
      .option('--json', 'machine-readable output')
      .action(async (options: OutputOptions & { yes?: boolean }) => {
        const { destroyObjects, planDestruction } = await import('../datadog-objects.js');
        if (options.yes) {
          const report = await destroyObjects((step) => {
            if (!options.json) line(stepLine(step));
          });
          await present(options, report, summary);
          return;
        }
        const report = await planDestruction();
        await present(
          options,
          report,
          async () => `${await stepsTable(report)}\nNothing was deleted. Repeat it with --yes.`,
        );
        if (report.steps.length > 0) process.exitCode = EXIT.failed;
      }),
  ];
}

function isChange(step: Step): boolean {
  return step.action !== 'unchanged';
}

function stepsTable({ steps }: Report): Promise<string> {
  return table(
    ['', 'kind', 'object', 'id', 'differs in'],
    steps.map((step) => [sign(step), step.kind, step.title, step.id ?? '', fields(step)]),
  );
}

/** The fields that differ, each with what is there and what shall be. */
function fields({ differences }: Step): string {
  const shown = differences
    .slice(0, 3)
    .map(
      ({ path, found, wanted }) => `${path}: ${cut(JSON.stringify(found), 40)} → ${cut(JSON.stringify(wanted), 40)}`,
    );
  if (differences.length > shown.length) shown.push(`${differences.length - shown.length} more`);
  return shown.join('; ');
}

function sign({ action }: Step): Styled {
  const colour = { create: colours.green, update: colours.yellow, unchanged: colours.dim, delete: colours.red }[action];
  return { styled: colour(action) };
}

function stepLine(step: Step): string {
  return [sign(step).styled, step.kind, step.title, colours.dim(step.id ?? '')].join('  ');
}

function summary({ steps, api, env, stateFile }: Report): string {
  const counts = (['create', 'update', 'delete', 'unchanged'] as const)
    .map((action) => ({ action, count: steps.filter((step) => step.action === action).length }))
    .filter(({ count }) => count > 0)
    .map(({ action, count }) => `${count} ${action}`);
  return `${counts.join(', ') || 'nothing there'} · ${api}, env:${env} · ids in ${stateFile}`;
}
