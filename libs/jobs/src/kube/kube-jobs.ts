import { checkSpec, isJobName } from '../job-spec';
import { JobsError } from '../jobs';
import type { JobEnd, JobFile, JobLogEntry, JobLogPlace, Jobs, JobSpec, JobState } from '../jobs';
import { Wake } from '../wake';
import { endJob, endPod, removeJob } from './end-job';
import { ensureJob } from './ensure-job';
import { findJob, findJobs } from './find-job';
import type { FoundJob } from './find-job';
import { followJob } from './follow-job';
import { judgeJob } from './judge-job';
import type { Judged } from './judge-job';
import { openApi } from './kube-api';
import type { KubeGraces, KubeHost, Uploads } from './kube-host';
import { artifactsAnnotation } from './kube-names';
import { OwnRights } from './own-rights';
import { PodWatch } from './pod-watch';
import { podRefusal, refusalEnd } from './refused-pod';
import { uploadedFiles } from './uploaded-files';

export type KubeJobsOptions = {
  /** Path of a kubeconfig; absent: as the pod that this runs in. */
  kubeconfig?: string | undefined;
  /** Where jobs run that name no other. */
  namespace: string;
  /** Whether jobs may run in other namespaces too, and have them made: needs rights in the whole cluster. */
  anyNamespace?: boolean;
  /** Service accounts that jobs may run as, and have the token of; absent: none. */
  accounts?: readonly string[];
  /** With it and `uploads`, files that a job is to keep leave its pod by themselves. */
  podHelperImage?: string | undefined;
  uploads?: Uploads | undefined;
  /** The user that an image runs as, as its configuration says it: where it is a number, root is forbidden. */
  userOf?: (image: string, signal?: AbortSignal) => Promise<string | undefined>;
  graces?: Partial<KubeGraces>;
  clock?: () => number;
  /** Told what an operator should know, and nothing else depends on. */
  onWarning?: (message: string) => void;
};

const usualGraces: KubeGraces = {
  stopGraceMs: 10_000,
  startMs: 10 * 60_000,
  pullMs: 2 * 60_000,
  scheduleMs: 10 * 60_000,
  refusalMs: 20_000,
};

/** Nobody lists jobs without looking at them again; a pod that is refused tells so only by an event. */
const podlessMs = 3000;

/** Jobs as Kubernetes Jobs. All that is known of them is in the cluster: any process sees the same, one that reads a job's output some of it sooner. */
export class KubeJobs implements Jobs {
  readonly #host: KubeHost;
  readonly #watch: PodWatch;
  readonly #rights: OwnRights;
  /** Jobs that were read to have ended well, and when, until they are removed. */
  readonly #saidEndAtMs = new Map<string, number>();
  /** Jobs that were told by us to end, and their pods with them, until they are removed. */
  readonly #told = new Set<string>();

  private constructor(host: KubeHost) {
    this.#host = host;
    this.#watch = new PodWatch(host);
    this.#rights = new OwnRights(host);
  }

  /** Does not ask the cluster anything yet. @throws JobsError when the kubeconfig is not usable */
  static open(options: KubeJobsOptions): KubeJobs {
    const { kubeconfig, namespace, anyNamespace = false, accounts = [], podHelperImage, uploads, graces } = options;
    const { userOf = () => Promise.resolve(undefined), clock = Date.now, onWarning = () => undefined } = options;
    const api = openApi(kubeconfig);
    const means = { accounts, podHelperImage, uploads, userOf, clock, onWarning };
    return new KubeJobs({ api, namespace, anyNamespace, graces: { ...usualGraces, ...graces }, ...means });
  }

  async ensure(spec: JobSpec, signal?: AbortSignal): Promise<'created' | 'exists' | 'deleting'> {
    return ensureJob(this.#host, checkSpec(spec), signal);
  }

  async list(): Promise<readonly JobState[]> {
    const found = await findJobs(this.#host);
    return Promise.all(found.map((one) => this.#judge(one)));
  }

  async *log(name: string, place: JobLogPlace, signal: AbortSignal): AsyncGenerator<JobLogEntry> {
    const saidEnd = () => void this.#saidEndAtMs.set(name, this.#host.clock());
    yield* followJob(this.#host, this.#watch, { name: checkedName(name), place, saidEnd, signal });
  }

  async files(name: string): Promise<readonly JobFile[]> {
    const found = await findJob(this.#host, checkedName(name));
    if (found === undefined) throw new JobsError(`there is no job ${name}`, false);
    if (this.#judged(found).state.phase !== 'ended')
      throw new JobsError(`the job ${name} has not ended: its files may still change`, true);
    if (found.job.metadata.annotations[artifactsAnnotation] === undefined) return [];
    return uploadedFiles(this.#host, found);
  }

  async stop(name: string): Promise<void> {
    if (!isJobName(name)) return;
    const found = await findJob(this.#host, name);
    if (found === undefined) return;
    const { state, isEnding } = this.#judged(found);
    if (isEnding) return this.#endAgain(found);
    if (state.phase !== 'ended') await this.#end(found, { kind: 'signalled', signal: 'SIGTERM' });
  }

  async remove(name: string): Promise<void> {
    if (!isJobName(name)) return;
    const found = await findJob(this.#host, name);
    if (found !== undefined) await removeJob(this.#host, found);
    this.#saidEndAtMs.delete(name);
    this.#told.delete(name);
  }

  async *changes(signal: AbortSignal): AsyncGenerator<void> {
    const wake = new Wake();
    const joined = this.#watch.join(wake);
    try {
      for (;;) {
        await wake.wait(signal);
        if (signal.aborted) return;
        yield;
      }
    } finally {
      joined.leave();
    }
  }

  /** What our account may not do and has to, a sentence each: nothing works without. Never rejects. */
  missingRights(): Promise<readonly string[]> {
    return this.#rights.missing();
  }

  /** Jobs go on; another KubeJobs finds them. */
  close(): Promise<void> {
    this.#host.api.close();
    return Promise.resolve();
  }

  /** A job's state. One that is over its time is ended: at the next look it is. */
  async #judge(found: FoundJob): Promise<JobState> {
    const { state, overdue, isEnding } = this.#judged(found);
    if (overdue !== undefined) await this.#end(found, overdue);
    if (isEnding) await this.#endAgain(found).catch(() => undefined); // the next look tries again
    if (state.phase === 'waiting' && found.pod === undefined) return this.#podless(found, state);
    return state;
  }

  async #end(found: FoundJob, end: JobEnd): Promise<void> {
    await endJob(this.#host, found, end);
    this.#told.add(found.name);
  }

  /** Its reason is written; whoever wrote it may have been cut short before its pod was told: each of us tells it once. */
  async #endAgain({ name, pod }: FoundJob): Promise<void> {
    if (pod === undefined || pod.spec.nodeName === '' || this.#told.has(name)) return;
    await endPod(this.#host, { name, pod });
    this.#told.add(name);
  }

  /** One that has said that it ended well has, though the cluster does not know yet; unless we were ending it. */
  #judged(found: FoundJob): Judged {
    const judged = judgeJob(found, this.#host.clock(), this.#host.graces);
    const endedAtMs = this.#saidEndAtMs.get(found.name);
    if (endedAtMs === undefined || judged.state.phase !== 'running' || judged.isEnding === true) return judged;
    return { state: { ...judged.state, phase: 'ended', endedAtMs, end: { kind: 'exited', code: 0 } } };
  }

  async #podless(found: FoundJob, state: JobState): Promise<JobState> {
    const { clock, graces } = this.#host;
    const ageMs = clock() - (found.job.metadata.creationTimestamp ?? 0);
    if (ageMs < podlessMs) return state;
    const why = await podRefusal(this.#host, found);
    if (why === undefined) return state;
    const end = refusalEnd(why);
    const graceMs = end.kind === 'cluster' && end.fault === 'user' ? graces.refusalMs : graces.scheduleMs;
    if (ageMs > graceMs) await endJob(this.#host, found, end);
    return { ...state, waitingFor: why };
  }
}

function checkedName(name: string): string {
  if (!isJobName(name)) throw new JobsError(`there is no job ${JSON.stringify(name)}`, false);
  return name;
}
