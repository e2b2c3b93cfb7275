import type { RunOutcome } from '@keelson/events';
import { concludeRun, planKey, settled, stageEndedKey, stageStartedKey } from '@keelson/ledger';
import type { StageEnded, Work } from '@keelson/ledger';
import { planSchema } from '@keelson/pipeline';
import {
  ImageNotFoundError,
  InvalidReferenceError,
  PlatformNotFoundError,
  RegistryUnavailableError,
  UnsupportedImageError,
} from '@keelson/registry';
import { againLater, emit, TerminalError } from '@keelson/stage';
import type { Outcome, Stage } from '@keelson/stage';
import { build, SnapshotGoneError } from './build';
import { instant, service } from './deps';
import type { BuildQueued, ImageBuilderDeps } from './deps';
import { queueBuild } from './queue-build';
import { accessEndings } from './read-back';
import type { Ending } from './read-back';
import { buildTold } from './tell';

const stage = 'build' as const;

/** `build.queued` -> the image in the registry, `artifact.packaged`. */
export function buildImage(deps: ImageBuilderDeps): Stage<BuildQueued> {
  return async (event, signal) => {
    const run = event.data.customData;
    const work: Work = { run, stage, service, now: instant(deps.clock()) };
    const done = await deps.ledger.read(stageEndedKey({ ...run, stage }));
    if (done !== undefined) return told(deps, work, done);
    const nothingToDo = await settled(deps.ledger, work);
    if (nothingToDo !== undefined) return emit(...nothingToDo);
    const plan = await deps.ledger.read(planKey(run.run, planSchema));
    if (plan === undefined) throw new TerminalError(`run ${run.run} has no plan: its source was not frozen here`);
    if (plan.pipeline.build.strategy !== 'append') return queueBuild(deps, work, event);
    const started = { stage, startedAt: work.now };
    const { startedAt } = (await deps.ledger.write(stageStartedKey({ ...run, stage }), started)).record;
    try {
      const made = await build(deps, { event, plan }, signal);
      const ended = { stage, outcome: 'success' as const, startedAt, endedAt: instant(deps.clock()), ...made };
      const { record } = await deps.ledger.write(stageEndedKey({ ...run, stage }), ended);
      return told(deps, work, record);
    } catch (error) {
      if (signal.aborted) throw error;
      return failed(deps, { ...work, startedAt }, error);
    }
  };
}

/** Every field from the record: telling it twice tells the same. A build without an image has ended its run. */
async function told({ ledger }: ImageBuilderDeps, work: Work, ended: StageEnded): Promise<Outcome> {
  const end = ended.image === undefined ? await concludeRun(ledger, work, ended) : [];
  return emit(...buildTold(work.run, ended), ...end);
}

/** The user's base image, or how we are set up. */
const endings: readonly Ending[] = [
  ...accessEndings,
  [SnapshotGoneError, 'error', 'snapshot-gone'],
  [ImageNotFoundError, 'failure', 'base-not-found'],
  [PlatformNotFoundError, 'failure', 'base-platform'],
  [UnsupportedImageError, 'failure', 'base-unsupported'],
  [InvalidReferenceError, 'failure', 'base-name'],
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
  const { record } = await deps.ledger.write(stageEndedKey({ ...work.run, stage }), ended);
  return told(deps, work, record);
}
