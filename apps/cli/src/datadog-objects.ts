import { join } from 'node:path';
import { DeliveryError } from '#delivery';
import {
  connectDatadog,
  type DatadogClient,
  definitions,
  type Step as PlannedStep,
  Planner,
  StateFile,
} from '#delivery/datadog';
import { loadPolicy, loadSettings, type Policy, type Settings } from '#platform';
import { type DatadogAccess, datadogAccess } from './datadog-reader.js';
import { CliError, EXIT } from './errors.js';

export type Step = PlannedStep;

/** Everything that the commands about Datadog's own objects work with. */
interface Reach {
  settings: Settings;
  policy: Policy;
  access: DatadogAccess;
  client: DatadogClient;
}

/** What was found or done. */
export interface Report {
  /** Base URL of the API. */
  api: string;
  env: string;
  stateFile: string;
  steps: Step[];
}

/** What `apply` would do. @throws CLI_NO_DATADOG_API, CLI_DATADOG_UNREACHABLE, and what the planner throws */
export function planObjects(): Promise<Report> {
  return withPlanner({}, (planner, wanted) => planner.plan(wanted));
}

/** Does it. @param onStep called with each step as it is done */
export function applyObjects(onStep: (step: Step) => void): Promise<Report> {
  return withPlanner({ onStep }, (planner, wanted) => planner.apply(wanted));
}

/** Removes all of ours. */
export function destroyObjects(onStep: (step: Step) => void): Promise<Report> {
  return withPlanner({ onStep }, (planner) => planner.apply([]));
}

/** What `destroy` would do. */
export function planDestruction(): Promise<Report> {
  return withPlanner({}, (planner) => planner.plan([]));
}

async function withPlanner(
  options: { onStep?: (step: Step) => void },
  work: (planner: Planner, wanted: ReturnType<typeof definitions>) => Promise<Step[]>,
): Promise<Report> {
  return withDatadog(async ({ settings, policy, access, client }) => {
    const stateFile = join(settings.dataDir, 'datadog-objects.json');
    const state = new StateFile(stateFile, access.apiUrl, settings.ddEnv);
    const steps = await work(new Planner(client, state, options), definitions(settings.ddEnv, policy.datadog));
    return { api: access.apiUrl, env: settings.ddEnv, stateFile, steps };
  });
}

/** Runs something against Datadog's API, and says in our words what stands in the way. */
export async function withDatadog<T>(work: (reach: Reach) => Promise<T>): Promise<T> {
  const settings = loadSettings();
  const access = datadogAccess(settings);
  if (!access) {
    throw new CliError({
      code: 'CLI_NO_DATADOG_API',
      message: 'this needs an application key: DD_API_KEY is set, DD_APP_KEY is not',
      remedy: 'Set DD_APP_KEY (docs/datadog.md says which rights it needs), or unset both for the local stand-in.',
      retry: 'never',
    });
  }
  const policy = loadPolicy(settings.configFile);
  const client = await connectDatadog({
    ...access,
    env: settings.ddEnv,
    onWait: (waitMs, status) => {
      const why = status === 429 ? 'asks to wait' : status === 0 ? 'does not answer' : `answers ${status}`;
      process.stderr.write(`Datadog ${why}; again in ${Math.round(waitMs / 1_000)} s\n`);
    },
  });
  try {
    return await work({ settings, policy, access, client });
  } catch (error) {
    if (error instanceof DeliveryError && error.code === 'DELIVERY_DATADOG_UNREACHABLE') {
      const { message, remedy } = error;
      throw new CliError({
        code: 'CLI_DATADOG_UNREACHABLE',
        message,
        remedy,
        retry: 'later',
        exitCode: EXIT.unreachable,
        cause: error,
      });
    }
    throw error;
  }
}
