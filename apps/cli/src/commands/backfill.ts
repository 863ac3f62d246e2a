import { Command } from 'commander';
import type { BackfillView } from '#delivery';
import type { BackfillOptions } from '../backfill/run.js';
import { EXIT } from '../errors.js';
import { colours, type OutputOptions, present, table } from '../output.js';

async function client(source: string | undefined) {
  const [{ loadSettings }, { ApiClient }] = await Promise.all([import('#platform'), import('../api-client.js')]);
  return ApiClient.at(source, loadSettings());
}

type Source = OutputOptions & { source?: string };

export function backfillCommand(): Command {
  return new Command('backfill')
    .description(
      'History for a destination that never had it, read through the audit-log API. Needs a key of an operator.',
    )
    .addCommand(runCommand(), { isDefault: true })
    .addCommand(
      withSource(new Command('list').description('Backfills, newest first.')).action(async (options: Source) => {
        const { backfills } = await (await client(options.source)).read('/v1/backfills');
        await present(options, backfills, (all) =>
          table(
            ['backfill', 'destination', 'state', 'from', 'to', 'cut up to', 'sent', 'late', 'dead', 'planned', 'by'],
            all.map((one) => [
              ...[one.id, one.destination, one.state, one.fromPos, one.toPos, one.nextPos],
              ...[one.report.sent, one.report.late, one.report.dead, one.createdAt, one.createdBy],
            ]),
          ),
        );
      }),
    )
    .addCommand(
      withSource(new Command('show').description('What became of one so far.').argument('<id>', 'its id')).action(
        async (id: string, options: Source) => {
          const found = await (await client(options.source)).read('/v1/backfills/{id}', { path: { id } });
          await present(options, found, reportText);
        },
      ),
    )
    .addCommand(turnCommand('pause', 'Let it rest; the process that sends it waits.'))
    .addCommand(
      turnCommand('resume', 'Let it go on, where a process sends it; `backfill --resume` sends it from here.'),
    )
    .addCommand(turnCommand('cancel', 'End it for good. What is under way may still arrive.'));
}

function runCommand(): Command {
  return withSource(new Command('run'))
    .description(
      'Plan a backfill and send it from here, to its end. The same command again goes on where it was. This is what `affidavit backfill` does.',
    )
    .option('--destination <name>', 'where to; its secrets are in the configuration of this machine', 'datadog')
    .option('--from <when>', 'first position, or instant of recording (RFC 3339); default: the first event')
    .option(
      '--to <when>',
      "first one that no longer belongs to it; default: where the destination's own deliveries begin",
    )
    .option('--query <query>', "which events: 'type:command.* connection:orders identity:a,b session:…'; default: all")
    .option('--rate <events/s>', 'at most so many events a second')
    .option('--resume <id>', 'go on with this one')
    .action(async (options: Source & BackfillOptions) => {
      const [{ loadSettings }, { runBackfill }] = await Promise.all([
        import('#platform'),
        import('../backfill/run.js'),
      ]);
      const ended = await runBackfill(loadSettings(), options);
      await present(options, ended, reportText);
      if (ended.state !== 'finished' || ended.report.dead > 0) process.exitCode = EXIT.failed;
    });
}

function turnCommand(name: 'pause' | 'resume' | 'cancel', description: string): Command {
  return withSource(new Command(name).description(description).argument('<id>', 'its id')).action(
    async (id: string, options: Source) => {
      const turned = await (await client(options.source)).act(`/v1/backfills/{id}/${name}`, { path: { id } });
      await present(options, turned, reportText);
    },
  );
}

function withSource(command: Command): Command {
  return command
    .option('--source <url>', 'audit-log API that lends it; default: AFFIDAVIT_API_URL')
    .option('--json', 'machine-readable output');
}

function reportText({ id, destination, state, fromPos, toPos, nextPos, report }: BackfillView): string {
  const { sent, late, dead, possibleDuplicates, purged, open, cancelled } = report;
  const lines = [
    `${colours.bold(id)} is ${state}: positions ${fromPos} to ${toPos} for ${destination}`,
    `  sent                 ${sent}`,
    `  of them late         ${late}${late > 0 ? '  (they show at the time of their receipt; the true time is in evt.time)' : ''}`,
    `  dead letters         ${dead}`,
    `  possible duplicates  ${possibleDuplicates}`,
    `  purged meanwhile     ${purged}`,
  ];
  if (cancelled > 0) lines.push(`  given up             ${cancelled}  (of those under way, some may have arrived)`);
  if (open > 0) lines.push(`  waiting, under way   ${open}`);
  if (state === 'running' || state === 'paused') lines.push(`  cut up to            ${nextPos}`);
  return lines.join('\n');
}
