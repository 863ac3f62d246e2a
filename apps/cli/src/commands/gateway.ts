import { Command } from 'commander';

export function gatewayCommand(): Command {
  return new Command('gateway')
    .description('Run a gateway in the foreground, with the settings of this environment.')
    .option('--enroll <token>', 'the one-time token of `affidavit enroll`; only the first start needs it')
    .option('--adopt', 'pin another log than before: sends all that the spool still keeps, names the rest as a hole')
    .action(async (options: { enroll?: string; adopt?: boolean }) => {
      const [{ spawn }, { childEnvironment }, { appEntry }] = await Promise.all([
        import('node:child_process'),
        import('#platform'),
        import('../entries.js'),
      ]);
      // The token travels in the environment: other users of the machine can read arguments.
      const env = childEnvironment(options.enroll === undefined ? {} : { AFFIDAVIT_ENROLL_TOKEN: options.enroll });
      const child = spawn(process.execPath, [appEntry('gateway'), ...(options.adopt ? ['--adopt'] : [])], {
        env,
        stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
        detached: true,
      });
      for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => child.kill(signal));
      process.exitCode = await new Promise<number>((resolve, reject) => {
        child.once('error', reject);
        child.once('exit', (code) => resolve(code ?? 1));
      });
    });
}
