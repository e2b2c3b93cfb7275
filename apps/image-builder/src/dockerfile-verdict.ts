import { isUsersFault, lineOfStep } from '@keelson/builders';
import type { Builder, BuildFailure, BuildProgress } from '@keelson/builders';
import type { RunOutcome } from '@keelson/events';
import type { ClusterCause, JobEnd } from '@keelson/jobs';
import { logPrefix, openKey, stageStartedKey } from '@keelson/ledger';
import type { BuildReport } from '@keelson/ledger';
import { readLog } from '@keelson/logs';
import type { Plan } from '@keelson/pipeline';
import type { Verdict } from '@keelson/work';
import { baseDigests } from './base-digests';
import type { JobDeps } from './build-kind';
import { ownBases } from './docker-bases';
import { instant, verifyService } from './deps';
import { buildBefore, explainedSteps } from './explain-cache';
import type { BuiltBefore } from './explain-cache';
import { imageBytes } from './image-bytes';
import type { EndedBuild } from './job-build';
import { newerBuilds } from './newer-builds';
import { otherDestinations } from './other-destinations';
import { pinnedBases } from './pinned-bases';
import { dockerfileOf } from './plan-dockerfile';
import type { ReadBack } from './read-back';
import { recordImage } from './record-image';
import { isChosen } from './verify-choice';

export type DockerfileEnded = EndedBuild & { builder: Builder; readBack: ReadBack };

/** What became of a Dockerfile's build: from its job's end, its output, and the registry. */
export async function dockerfileVerdict(deps: JobDeps, build: DockerfileEnded, signal: AbortSignal): Promise<Verdict> {
  const { plan, work } = build;
  const { end } = work;
  // Side by side: whoever waits for the image does not wait for its explanation.
  const telling = toldOf(deps, build, signal);
  const ending =
    end.kind === 'exited' && end.code === 0
      ? build.readBack.verdict(work.name, () => pushed(deps, build, signal), signal)
      : telling.then(({ progress }) => failed(end, progress));
  const [verdict, report, bytes] = await Promise.all([
    ending,
    telling.then((told) => reportOf(deps, told, signal)),
    Promise.all([ending, telling]).then(([{ image }, { before }]) =>
      image === undefined ? undefined : imageBytes(deps, { image, before: before?.ended.image }, signal),
    ),
  ]);
  if (verdict.image === undefined) return { ...verdict, build: report };
  const hits = report.steps.filter(({ cache }) => cache === 'hit').length;
  deps.work.built?.({ project: plan.source, hits, misses: report.steps.length - hits, bytes });
  return { ...verdict, build: { ...report, ...(bytes === undefined ? {} : { bytes }) } };
}

type Told = { build: DockerfileEnded; progress: BuildProgress; before: BuiltBefore | undefined };

/** What its output says, and what there is to compare it with. */
async function toldOf(deps: JobDeps, build: DockerfileEnded, signal: AbortSignal): Promise<Told> {
  const { plan } = build;
  const [progress, before] = await Promise.all([progressOf(deps, build, signal), buildBefore(deps, plan)]);
  return { build, progress: ownBases(deps, await withLine(deps, { plan, progress }, signal)), before };
}

async function reportOf(deps: JobDeps, { build, progress, before }: Told, signal: AbortSignal): Promise<BuildReport> {
  const { plan, work } = build;
  const { run, attempt } = work.event.data.customData;
  const started = await deps.ledger.read(stageStartedKey({ run, attempt, stage: 'build' }));
  const told = await baseDigests(deps, { bases: progress.bases, startedAt: started?.startedAt }, signal);
  // Both read the snapshot.
  const [steps, bases] = await Promise.all([
    explainedSteps(deps, { plan, progress, bases: told, before }, signal),
    progress.bases.some(({ digest }) => digest !== undefined) ? pinnedBases(deps, { plan, bases: told }, signal) : told,
  ]);
  return { strategy: build.builder.strategy, steps, bases };
}

/** The output as it is kept, read again: the same after a crash. */
async function progressOf(
  { ledger }: JobDeps,
  { work, builder }: DockerfileEnded,
  signal: AbortSignal,
): Promise<BuildProgress> {
  const { run, attempt } = work.event.data.customData;
  const reader = builder.reader();
  const prefix = logPrefix({ run, attempt, stage: 'build' });
  let open = '';
  for await (const { bytes, partial } of readLog({ store: ledger.store, prefix, follow: false }, signal)) {
    open += Buffer.from(bytes).toString('utf8');
    if (partial === true) continue;
    reader.line(open);
    open = '';
  }
  if (open !== '') reader.line(open);
  return reader.end();
}

/** Where a builder names the step that failed and not its line, the Dockerfile tells. What cannot be read fails nothing more. */
async function withLine(
  deps: JobDeps,
  { plan, progress }: { plan: Plan; progress: BuildProgress },
  signal: AbortSignal,
): Promise<BuildProgress> {
  const { failure, steps } = progress;
  if (failure?.step === undefined || failure.line !== undefined) return progress;
  try {
    const line = lineOfStep((await dockerfileOf(deps, plan, signal)) ?? '', steps, failure.step);
    return line === undefined ? progress : { ...progress, failure: { ...failure, line } };
  } catch (error) {
    if (signal.aborted) throw error;
    return progress;
  }
}

async function pushed(deps: JobDeps, build: DockerfileEnded, signal: AbortSignal): Promise<Verdict> {
  const image = await recordImage(deps, build, signal);
  if (image === undefined)
    return error('no-image', 'the builder ended well, and the registry does not have the image that it was to push');
  const others = build.plan.pipeline.build.push ?? [];
  const newer = others.length === 0 ? [] : await newerBuilds(deps, build);
  const copies = !build.builder.pushesAll;
  const missing = await otherDestinations(deps, { image, others, copies, newer }, signal);
  if (missing !== undefined) return { ...missing, exitCode: 0 };
  await openVerification(deps, build);
  return { outcome: 'success', exitCode: 0, image };
}

/** Some builds are made again without cache. Asked again for the same job, it is opened once more, and told from its record. */
async function openVerification({ ledger, clock }: JobDeps, { plan, work }: DockerfileEnded): Promise<void> {
  const { run, attempt } = work.event.data.customData;
  if (!isChosen(run, plan.pipeline.build.cache?.verify ?? 0)) return;
  const open = { event: work.event, openedAt: instant(clock()) };
  await ledger.write(openKey(verifyService, { run, attempt, stage: 'build' }), open);
}

/** Whatever the memory or the disk was for: it is the installation that says how much a builder gets. */
const shares: ReadonlySet<ClusterCause> = new Set(['out-of-memory', 'evicted']);

function failed(end: JobEnd, progress: BuildProgress): Verdict {
  switch (end.kind) {
    case 'exited':
      return { ...exited(end.code, progress), exitCode: end.code };
    case 'timeout':
      return { outcome: 'failure', reason: { code: 'timeout', message: 'the build took longer than builds may take' } };
    case 'cluster':
      if (end.fault === 'user' && !shares.has(end.cause)) return ended('failure', end.cause, end.message);
      return error(end.cause, end.message);
    case 'signalled':
      return error('killed', `the builder was cut short by ${end.signal}`);
    case 'unstartable':
    case 'lost':
      return error(end.kind, end.message);
  }
}

/** As a shell tells of SIGKILL. */
const killedCode = 137;

function exited(code: number, { failure, bases }: BuildProgress): Verdict {
  if (code === killedCode) return error('killed', 'the builder was killed: out of memory, or by somebody');
  if (failure !== undefined) return explained(failure, bases);
  return error('unknown', `the builder ended with exit code ${code} and did not say why: see the log`);
}

const ended = (outcome: RunOutcome, code: string, message: string): Verdict => ({
  outcome,
  reason: { code, message: message.slice(0, 4096) },
});
const error = (code: string, message: string): Verdict => ended('error', code, message);

function explained(failure: BuildFailure, bases: BuildProgress['bases']): Verdict {
  const outcome = isUsersFault(failure.class) ? 'failure' : 'error';
  // The builder names the step that needed it first.
  const isBase = failure.class === 'base-unreadable';
  const which = isBase ? `a base cannot be unpacked (${bases.map(({ reference }) => reference).join(', ')}): ` : '';
  return ended(outcome, failure.class, `${which}${failureText(failure)}`);
}

/** `Dockerfile line 2, RUN make: ...; it last printed: ...` */
function failureText({ line, step, message, output }: BuildFailure): string {
  const place = [line === undefined ? undefined : `Dockerfile line ${line}`, step].filter((part) => part !== undefined);
  const printed = output.length === 0 ? '' : `\n${output.join('\n')}`;
  return `${place.length === 0 ? '' : `${place.join(', ')}: `}${message}${printed}`;
}
