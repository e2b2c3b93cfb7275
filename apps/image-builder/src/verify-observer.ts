import { JobsError } from '@keelson/jobs';
import type { JobEnd, JobState } from '@keelson/jobs';
import { buildVerifiedKey, openKey, planKey, stageEndedKey } from '@keelson/ledger';
import type { OpenRecord } from '@keelson/ledger';
import { planSchema } from '@keelson/pipeline';
import type { Plan } from '@keelson/pipeline';
import { parseImageReference, parseManifest, withDigest } from '@keelson/registry';
import { TerminalError } from '@keelson/stage';
import type { Observer } from '@keelson/stage';
import type { JobDeps } from './build-kind';
import { compareImages, unknown } from './compare-images';
import type { Comparison } from './compare-images';
import { instant, verifyService } from './deps';
import type { BuildQueued } from './deps';
import { uncachedImage, uncachedJob } from './uncached-build';

/** What could not be begun by then is not worth knowing any more. */
const patienceMs = 24 * 3_600_000;

/** A build that is to be made again without cache: to be begun, over, or told already. */
export type VerifyState = { open: OpenRecord; name: string } & (
  { kind: 'start' } | { kind: 'ended'; job: JobState } | { kind: 'told' }
);

/** Makes some builds again without cache, one at a time, and writes down whether their files are the same. Fails nothing. */
export class VerifyObserver implements Observer<VerifyState> {
  constructor(readonly deps: JobDeps) {}

  async list(): Promise<readonly VerifyState[]> {
    const { ledger, work } = this.deps;
    const opens = await ledger.open(verifyService);
    if (opens.length === 0) return [];
    const jobs = new Map((await work.jobs.list()).map((job) => [job.name, job]));
    let isFree = opens.every((open) => !isAtWork(jobs.get(nameOf(open))));
    const states: VerifyState[] = [];
    for (const open of opens) {
      const name = nameOf(open);
      const job = jobs.get(name);
      if ((await ledger.read(this.#record(open))) !== undefined) states.push({ kind: 'told', open, name });
      else if (job?.phase === 'ended') states.push({ kind: 'ended', open, name, job });
      else if (job === undefined && isFree) {
        states.push({ kind: 'start', open, name });
        isFree = false;
      }
    }
    return states;
  }

  async report(state: VerifyState, signal: AbortSignal): Promise<readonly []> {
    if (state.kind === 'told') return [];
    const comparison = state.kind === 'start' ? await this.#start(state, signal) : await this.#compare(state, signal);
    if (comparison === undefined) return [];
    const { clock, ledger, work } = this.deps;
    const verifiedAt = instant(clock());
    const { ours, record } = await ledger.write(this.#record(state.open), { ...comparison, verifiedAt });
    const project = buildOf(state.open).data.customData.source;
    if (ours) work.verified?.({ project, outcome: record.outcome });
    return [];
  }

  async mark({ kind, open, name }: VerifyState): Promise<void> {
    const { ledger, work } = this.deps;
    const { run, attempt } = buildOf(open).data.customData;
    if (kind === 'start' && (await ledger.read(this.#record(open))) === undefined) return;
    await work.jobs.remove(name);
    await ledger.close(openKey(verifyService, { run, attempt, stage: 'build' }));
  }

  /** Undefined when it is at work. */
  async #start({ open, name }: VerifyState, signal: AbortSignal): Promise<Comparison | undefined> {
    const { clock, work } = this.deps;
    try {
      const plan = await this.#plan(open);
      await work.jobs.ensure(await uncachedJob(this.deps, { plan, name }, signal), signal);
      return undefined;
    } catch (error) {
      if (signal.aborted) throw error;
      const isHopeless = error instanceof TerminalError || (error instanceof JobsError && !error.transient);
      if (!isHopeless && clock() - Date.parse(open.openedAt) < patienceMs) throw error;
      return unknown(`the build without cache could not be started: ${String(error)}`);
    }
  }

  async #compare(state: VerifyState & { kind: 'ended' }, signal: AbortSignal): Promise<Comparison> {
    const { client, ledger } = this.deps;
    const { end } = state.job;
    if (end?.kind !== 'exited' || end.code !== 0) return unknown(`the build without cache failed: ${endText(end)}`);
    const run = buildOf(state.open).data.customData;
    const image = (await ledger.read(stageEndedKey({ ...run, stage: 'build' })))?.image;
    if (image === undefined) return unknown('the build that it would be compared with has no image');
    const uncached = uncachedImage(this.deps, await this.#plan(state.open));
    const cached = `${image.repository}@${image.digest}`;
    const comparison = await compareImages(client, { cached, uncached }, signal);
    await this.#removeImage(uncached, signal);
    return comparison;
  }

  /** A registry that removes nothing keeps it: its repository says what it is. */
  async #removeImage(name: string, signal: AbortSignal): Promise<void> {
    const { client, work } = this.deps;
    try {
      const tagged = parseImageReference(name);
      const found = await client.head(tagged, signal);
      if (found === undefined) return;
      const of = withDigest(tagged, found.digest);
      const parsed = parseManifest(await client.manifest(of, signal));
      await client.deleteManifest(of, signal);
      const inner = parsed.kind === 'index' ? parsed.index.manifests : [];
      for (const { digest } of inner) await client.deleteManifest(withDigest(tagged, digest), signal);
    } catch (error) {
      signal.throwIfAborted();
      work.warn('an image that was only made to be compared could not be removed', { name, error: String(error) });
    }
  }

  async #plan(open: OpenRecord): Promise<Plan> {
    const { run } = buildOf(open).data.customData;
    const plan = await this.deps.ledger.read(planKey(run, planSchema));
    if (plan === undefined) throw new TerminalError(`run ${run} has no plan`);
    return plan;
  }

  #record = (open: OpenRecord) => buildVerifiedKey(buildOf(open).data.customData);
}

// Only builds open these records, and always with this type of event.
const buildOf = (open: OpenRecord): BuildQueued => open.event as BuildQueued;

const isAtWork = (job: JobState | undefined): boolean => job !== undefined && job.phase !== 'ended';

function nameOf(open: OpenRecord): string {
  const { run, attempt } = buildOf(open).data.customData;
  return `${run}.${attempt}.verify`;
}

function endText(end: JobEnd | undefined): string {
  if (end === undefined) return 'nobody knows how it ended';
  if (end.kind === 'exited') return `exit code ${end.code}`;
  return 'message' in end ? end.message : end.kind;
}

export const verifyKey = ({ name }: VerifyState): string => name;
