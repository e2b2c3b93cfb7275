import type { EventOf } from '@keelson/events';
import {
  beginKey,
  concludeRun,
  planKey,
  runFields,
  runName,
  runStarted,
  settled,
  stageEndedKey,
} from '@keelson/ledger';
import type { BeginRecord, Work } from '@keelson/ledger';
import { imageName, planSchema } from '@keelson/pipeline';
import type { Plan } from '@keelson/pipeline';
import { againLater, emit } from '@keelson/stage';
import type { Outcome, Stage } from '@keelson/stage';
import { service } from './deps';
import type { BootstrapperDeps } from './deps';
import { meaningOf, reasonOf } from './faults';
import { freeze } from './freeze';
import { ImageNames } from './image-names';
import { sourceFrozen } from './tell';

export type ChangeMerged = EventOf<'dev.cdevents.change.merged.0.3.0'>;

const stage = 'source' as const;

/** `change.merged` -> the source frozen in the registry, the run's plan, `build.queued`. From here on nothing touches git. */
export function freezeSource(deps: BootstrapperDeps): Stage<ChangeMerged> {
  const names = new ImageNames();
  return async (event, signal) => {
    const run = event.data.customData;
    const now = new Date(deps.clock()).toISOString();
    const { record: begin } = await deps.ledger.write(beginKey(run.run, run.attempt), {
      ...runFields(run),
      ...{ name: runName(run.run), from: stage, openedBy: service, openedAt: now },
    });
    const work: Work = { run, stage, service, now };
    const told = await tellAgain(deps, { work, begin });
    if (told !== undefined) return told;
    const nothingToDo = await settled(deps.ledger, work);
    if (nothingToDo !== undefined) return emit(...nothingToDo);
    try {
      const { record: plan } = await deps.ledger.write(planKey(run.run, planSchema), await freeze(deps, run, signal));
      tellOddities(deps, names, plan);
      await deps.ledger.write(stageEndedKey({ ...run, stage }), {
        ...{ stage, outcome: 'success', startedAt: now, endedAt: new Date(deps.clock()).toISOString() },
        snapshot: { reference: plan.snapshot.reference, digest: plan.snapshot.digest },
        ...(plan.warnings.length === 0 ? {} : { warnings: [...plan.warnings] }),
      });
    } catch (error) {
      if (signal.aborted) throw error;
      return failed(deps, { work, begin }, error);
    }
    return (await tellAgain(deps, { work, begin })) ?? emit();
  };
}

function tellOddities({ notice }: BootstrapperDeps, names: ImageNames, plan: Plan): void {
  for (const warning of plan.warnings) notice(plan.run, warning);
  const { pipeline, source } = plan;
  const shared = names.clash(imageName(pipeline, source), { source, isChosen: pipeline.image.name !== undefined });
  if (shared !== undefined) notice(source, shared);
}

type Begun = { work: Work; begin: BeginRecord };

/** How the stage ended, once it has; every field from the records: telling it twice tells the same. */
async function tellAgain({ ledger }: BootstrapperDeps, { work, begin }: Begun): Promise<Outcome | undefined> {
  const ended = await ledger.read(stageEndedKey({ ...begin, stage }));
  if (ended === undefined) return undefined;
  if (ended.snapshot === undefined)
    return emit(runStarted(begin, service), ...(await concludeRun(ledger, work, ended)));
  return emit(runStarted(begin, service), sourceFrozen(begin, { snapshot: ended.snapshot, time: ended.endedAt }));
}

async function failed(deps: BootstrapperDeps, at: Begun, error: unknown): Promise<Outcome> {
  const { work, begin } = at;
  const meaning = meaningOf(error);
  if (meaning === undefined) throw error;
  const elapsedMs = deps.clock() - Date.parse(begin.openedAt);
  if (meaning.kind === 'wait' && elapsedMs < deps.patienceMs) {
    const { message } = reasonOf('', error);
    deps.notice(work.run.run, `waiting: ${message}`);
    return againLater(elapsedMs, message);
  }
  const [outcome, code] =
    meaning.kind === 'wait' ? (['error', 'unavailable'] as const) : [meaning.outcome, meaning.code];
  const ended = {
    ...{ stage, outcome, reason: reasonOf(code, error), startedAt: work.now },
    endedAt: new Date(deps.clock()).toISOString(),
  };
  return emit(runStarted(begin, service), ...(await concludeRun(deps.ledger, work, ended)));
}
