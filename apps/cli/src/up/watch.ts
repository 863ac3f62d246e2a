import { spawnSync } from 'node:child_process';
import { watch } from 'node:fs';
import { join } from 'node:path';
import { packageFolder } from '#platform';
import type { Stack } from './stack.js';

/** Builds and restarts the processes when a source file changes. @returns what ends the watching */
export function watchSources(stack: Stack, say: (text: string) => void): () => void {
  const root = packageFolder();
  let timer: NodeJS.Timeout | undefined;
  let busy = Promise.resolve();
  const rebuild = async () => {
    const build = spawnSync(process.execPath, [join(root, 'scripts/build.mjs')], { cwd: root, encoding: 'utf8' });
    if (build.status !== 0) {
      say(`✗ build failed; what runs goes on running\n${build.stderr}`);
      return;
    }
    const from = performance.now();
    await stack.restart().then(
      () => say(`✓ started again (${Math.round(performance.now() - from)} ms)`),
      (error: unknown) => say(`✗ ${error instanceof Error ? error.message : String(error)}`),
    );
  };
  const watchers = ['apps', 'libs'].map((folder) =>
    watch(join(root, folder), { recursive: true }, (_event, file) => {
      if (!file?.endsWith('.ts') || file.endsWith('.spec.ts') || file.includes('generated')) return;
      clearTimeout(timer);
      timer = setTimeout(() => {
        busy = busy.then(rebuild);
      }, 200);
    }),
  );
  return () => {
    clearTimeout(timer);
    for (const watcher of watchers) watcher.close();
  };
}
