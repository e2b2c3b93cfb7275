import type { RunOutcome } from '@keelson/events';
import { concludeRun, planKey, settled, stageEndedKey, stageStartedKey } from '@keelson/ledger';
import type { Work } from '@keelson/ledger';
import { planSchema } from '@keelson/pipeline';
import {
  CredentialsError,
  ImageNotFoundError,
  InvalidReferenceError,
  PlatformNotFoundError,
  RegistryAuthError,
  RegistryProtocolError,
  RegistryUnavailableError,
  UnsupportedImageError,
} from '@keelson/registry';
import { againLater, emit, TerminalError } from '@keelson/stage';
import type { Outcome, Stage } from '@keelson/stage';
import { build } from './build';
import { instant, service } from './deps';
import type { BuildQueued, ImageBuilderDeps } from './deps';
import { buildEnded, buildTold } from './tell';

const stage = 'build' as const;

/** `build.queued` -> the image in the registry, `artifact.packaged`. */
export function buildImage(deps: ImageBuilderDeps): Stage<BuildQueued> {
  return async (event, signal) => {
    const run = event.data.customData;
    const done = await deps.ledger.read(stageEndedKey({ ...run, stage }));
    if (done?.image !== undefined) return emit(...buildTold(run, { ...done, image: done.image }));
    const now = instant(deps.clock());
    const work: Work = { run, stage, service, now };
    const nothingToDo = await settled(deps.ledger, work);
    if (nothingToDo !== undefined) return emit(...nothingToDo);
    const plan = await deps.ledger.read(planKey(run.run, planSchema));
    if (plan === undefined) throw new TerminalError(`run ${run.run} has no plan: its source was not frozen here`);
    const started = { stage, startedAt: now };
    const { startedAt } = (await deps.ledger.write(stageStartedKey({ ...run, stage }), started)).record;
    try {
      const image = await build(deps, { event, plan }, signal);
      const ended = { stage, outcome: 'success' as const, startedAt, endedAt: instant(deps.clock()), image };
      const { record } = await deps.ledger.write(stageEndedKey({ ...run, stage }), ended);
      return emit(...buildTold(run, { ...record, image: record.image ?? image }));
    } catch (error) {
      if (signal.aborted) throw error;
      return failed(deps, { ...work, startedAt }, error);
    }
  };
}

type ErrorClass = abstract new (...args: never[]) => Error;

/** What ends the run, and in which words: the user's base image, or how we are set up. */
const endings: readonly (readonly [ErrorClass, RunOutcome, string])[] = [
  [ImageNotFoundError, 'failure', 'base-not-found'],
  [PlatformNotFoundError, 'failure', 'base-platform'],
  [UnsupportedImageError, 'failure', 'base-unsupported'],
  [InvalidReferenceError, 'failure', 'base-name'],
  [RegistryAuthError, 'failure', 'registry-login'],
  [CredentialsError, 'error', 'registry-credentials'],
  [RegistryProtocolError, 'error', 'registry-protocol'],
];

/** Whose fault it is that no image was made. Undefined: nobody knows. */
function meaningOf(error: unknown): 'wait' | { outcome: RunOutcome; code: string } | undefined {
  if (error instanceof RegistryUnavailableError) return 'wait';
  const ending = endings.find(([kind]) => error instanceof kind);
  return ending === undefined ? undefined : { outcome: ending[1], code: ending[2] };
}

async function failed(deps: ImageBuilderDeps, work: Work & { startedAt: string }, error: unknown): Promise<Outcome> {
  const meaning = meaningOf(error);
  if (meaning === undefined || !(error instanceof Error)) throw error;
  const elapsedMs = deps.clock() - Date.parse(work.startedAt);
  if (meaning === 'wait' && elapsedMs < deps.patienceMs) {
    deps.notice(work.run.run, `waiting: ${error.message}`);
    return againLater(elapsedMs, error.message);
  }
  const { outcome, code } = meaning === 'wait' ? { outcome: 'error' as const, code: 'unavailable' } : meaning;
  const reason = { code, message: error.message.slice(0, 4096) };
  const ended = { stage, outcome, reason, startedAt: work.startedAt, endedAt: instant(deps.clock()) };
  return emit(buildEnded(work.run, ended), ...(await concludeRun(deps.ledger, work, ended)));
}
