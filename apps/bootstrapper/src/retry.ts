import { composeEvent, eventTypes, stageName } from '@keelson/events';
import type { Event, EventOf, RunData, StageName } from '@keelson/events';
import { beginKey, endKey, runFields, runStarted, stageEndedKey } from '@keelson/ledger';
import type { BeginRecord, Ledger, StageEnded } from '@keelson/ledger';
import { emit, TerminalError } from '@keelson/stage';
import type { Stage } from '@keelson/stage';
import { service } from './deps';
import type { BootstrapperDeps } from './deps';
import { sourceFrozen } from './tell';

export type RunRetried = EventOf<'dev.cdeventsx.keelson-run.retried.0.1.0'>;

/** `run.retried` -> the next attempt, opened, and the event that its first stage waits for, made from earlier attempts' records. */
export function openAttempt(deps: BootstrapperDeps): Stage<RunRetried> {
  return async (event) => {
    const { run, attempt, from } = event.data.customData;
    const previous = await deps.ledger.read(endKey(run, attempt - 1));
    if (previous === undefined) {
      throw new TerminalError(`attempt ${attempt - 1} of run ${run} has not ended: there is nothing to retry yet`);
    }
    const first = await startable(deps.ledger, { run, attempt }, from ?? previous.stage);
    const { record: begin } = await deps.ledger.write(beginKey(run, attempt), {
      ...runFields(previous),
      ...{ attempt, name: previous.name, from: first.stage, openedBy: 'command', openedAt: event.time },
      because: 'somebody asked for another attempt',
    });
    return emit(runStarted(begin, service), first.event(begin));
  };
}

type Start = { stage: StageName; event: (begin: BeginRecord) => Event };

/** The asked stage, or the latest before it whose input exists. */
async function startable(ledger: Ledger, at: { run: string; attempt: number }, asked: StageName): Promise<Start> {
  const pushed = await pushedImage(ledger, at.run);
  if (pushed !== undefined) return startAtImage(asked === 'publish' ? 'publish' : 'test', pushed);
  const wanted = stageName.options.indexOf(asked);
  const built = wanted >= stageName.options.indexOf('publish') ? await latest(ledger, at, 'build') : undefined;
  if (built?.image !== undefined) return startAtImage(asked, built.image);
  const frozen = wanted >= stageName.options.indexOf('build') ? await latest(ledger, at, 'source') : undefined;
  if (frozen?.snapshot !== undefined) {
    const { snapshot } = frozen;
    return { stage: 'build', event: (begin) => sourceFrozen(begin, { snapshot, time: begin.openedAt }) };
  }
  return { stage: 'source', event: changeAgain };
}

function startAtImage(stage: StageName, { repository, digest }: { repository: string; digest: string }): Start {
  const type = stage === 'test' ? eventTypes.artifactPublished : eventTypes.artifactPackaged;
  return { stage, event: (begin) => imageEvent(begin, { type, image: { repository, digest } }) };
}

/** The image of a run that began at an image from outside: it has no source and no build here, and its digest is its commit. */
async function pushedImage(ledger: Ledger, run: string): Promise<{ repository: string; digest: string } | undefined> {
  const first = await ledger.read(beginKey(run, 1));
  const isFromOutside = first?.from === 'test' || first?.from === 'publish';
  return isFromOutside ? { repository: first.source, digest: `sha256:${first.commit}` } : undefined;
}

/** What the newest earlier attempt that got through this stage left. */
async function latest(
  ledger: Ledger,
  at: { run: string; attempt: number },
  stage: StageName,
): Promise<StageEnded | undefined> {
  for (let attempt = at.attempt - 1; attempt >= 1; attempt -= 1) {
    const ended = await ledger.read(stageEndedKey({ run: at.run, attempt, stage }));
    if (ended?.outcome === 'success') return ended;
  }
  return undefined;
}

function imageEvent(
  begin: RunData & { openedAt: string },
  of: {
    type: typeof eventTypes.artifactPublished | typeof eventTypes.artifactPackaged;
    image: { repository: string; digest: string };
  },
): Event {
  const { type, image } = of;
  const parts = {
    work: {
      run: begin.run,
      attempt: begin.attempt,
      stage: type === eventTypes.artifactPublished ? ('publish' as const) : ('build' as const),
    },
    ...{ service, subjectId: `${image.repository}@${image.digest}`, time: begin.openedAt },
    customData: { ...runFields(begin), image },
  };
  return type === eventTypes.artifactPublished
    ? composeEvent({ ...parts, type, content: {} })
    : composeEvent({ ...parts, type, content: { change: { id: begin.commit } } });
}

function changeAgain(begin: BeginRecord): Event {
  return composeEvent({
    ...{
      type: eventTypes.changeMerged,
      work: { run: begin.run, attempt: begin.attempt, stage: 'source' },
      service,
      time: begin.openedAt,
    },
    ...{ subjectId: begin.commit, content: { repository: { id: begin.source } }, customData: runFields(begin) },
  });
}
