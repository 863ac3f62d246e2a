import { Command } from 'commander';
import { colours, type OutputOptions, present, table } from '../output.js';

async function client() {
  const [{ loadSettings }, { ApiClient }] = await Promise.all([import('#platform'), import('../api-client.js')]);
  return ApiClient.of(loadSettings());
}

export function producerCommand(): Command {
  return new Command('producer')
    .description('Producers: runs of gateways and of the record itself, and how far each is recorded.')
    .addCommand(
      new Command('list')
        .description('Every run, with the last number that the record holds of it.')
        .option('--json', 'machine-readable output')
        .action(async (options: OutputOptions) => {
          const { producers } = await (await client()).read('/v1/producers');
          await present(options, producers, (all) =>
            table(
              ['node', 'epoch', 'state', 'recorded up to', 'previous', 'opened', 'changed'],
              all.map((one) => [one.node, one.epoch, one.state, one.seq, one.previous, one.openedAt, one.updatedAt]),
            ),
          );
        }),
    )
    .addCommand(
      new Command('declare-lost')
        .description(
          'Declare that the events of a run from the record to a number will never come. It is on the record, with your reason.',
        )
        .argument('<node>', 'its name')
        .argument('<epoch>', 'its run, 16 hex digits')
        .requiredOption('--to <seq>', 'last number that is lost')
        .requiredOption('--reason <text>', 'why it is lost')
        .option('--json', 'machine-readable output')
        .action(async (node: string, epoch: string, options: OutputOptions & { to: string; reason: string }) => {
          const answer = await (await client()).act('/v1/producers/{node}/{epoch}/declare-lost', {
            path: { node, epoch },
            body: { to: Number(options.to), reason: options.reason },
          });
          await present(
            options,
            answer,
            () => `${node}/${epoch}: lost up to ${options.to}; ${colours.dim('it is on the record.')}`,
          );
        }),
    );
}
