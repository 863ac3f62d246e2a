import type { ExportFolder } from '#record';

/** For an API whose tests ask for no export: nobody makes any, and there is no folder. */
export const IDLE_EXPORTS = { folder: { name: '0000000000000000' } as ExportFolder, wake: () => {} };
