import { Command, CommanderError } from 'commander';
import { backfillCommand } from './commands/backfill.js';
import { configCommand } from './commands/config.js';
import { datadogCommand } from './commands/datadog.js';
import { deadLettersCommand } from './commands/deadletters.js';
import { deliveryCommand } from './commands/delivery.js';
import { doctorCommand } from './commands/doctor.js';
import { enrollCommand } from './commands/enroll.js';
import { eventsCommand } from './commands/events.js';
import { evidenceCommand } from './commands/evidence.js';
import { exportCommand } from './commands/export.js';
import { gatewayCommand } from './commands/gateway.js';
import { holdsCommand } from './commands/holds.js';
import { keysCommand } from './commands/keys.js';
import { logCommand } from './commands/log.js';
import { migrateCommand } from './commands/migrate.js';
import { producerCommand } from './commands/producer.js';
import { rebuildCommand } from './commands/rebuild.js';
import { receiptCommand } from './commands/receipt.js';
import { reconcileCommand } from './commands/reconcile.js';
import { replayCommand } from './commands/replay.js';
import { retentionCommand } from './commands/retention.js';
import { searchCommand } from './commands/search.js';
import { sessionsCommand } from './commands/sessions.js';
import { statusCommand } from './commands/status.js';
import { tokenCommand } from './commands/token.js';
import { upCommand } from './commands/up.js';
import { verifyCommand } from './commands/verify.js';
import { whoCommand } from './commands/who.js';
import { EXIT, exitCodeOf } from './errors.js';

/** All commands. Nothing heavy is loaded before a command runs. */
export function buildProgram(): Command {
  const program = new Command('affidavit')
    .description('The sworn record of what AI agents do to infrastructure.')
    .version('0.1.0')
    .showHelpAfterError('(affidavit --help lists the commands)')
    .addHelpText('after', '\nExit codes: 0 done, 1 failed, 2 wrong usage, 3 not reachable or not ready.');
  for (const command of [
    upCommand(),
    statusCommand(),
    doctorCommand(),
    sessionsCommand(),
    whoCommand(),
    searchCommand(),
    eventsCommand(),
    deliveryCommand(),
    replayCommand(),
    deadLettersCommand(),
    tokenCommand(),
    enrollCommand(),
    gatewayCommand(),
    producerCommand(),
    rebuildCommand(),
    receiptCommand(),
    reconcileCommand(),
    datadogCommand(),
    retentionCommand(),
    holdsCommand(),
    exportCommand(),
    evidenceCommand(),
    verifyCommand(),
    backfillCommand(),
    keysCommand(),
    logCommand(),
    migrateCommand(),
    configCommand(),
  ]) {
    program.addCommand(command);
  }
  forEachCommand(program, (command) => command.exitOverride().showSuggestionAfterError());
  return program;
}

function forEachCommand(command: Command, visit: (command: Command) => void): void {
  visit(command);
  for (const child of command.commands) forEachCommand(child, visit);
}

/** Runs one command line. @returns the exit code */
export async function runCommandLine(argv: string[]): Promise<number> {
  try {
    await buildProgram().parseAsync(argv);
    return typeof process.exitCode === 'number' ? process.exitCode : EXIT.ok;
  } catch (error) {
    // Commander has said what is wrong already.
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
    const { explainError } = await import('#platform');
    process.stderr.write(`${explainError(error)}\n`);
    return exitCodeOf(error);
  }
}
