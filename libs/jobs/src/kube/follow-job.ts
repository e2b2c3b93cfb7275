import { JobsError } from '../jobs';
import type { JobLogEntry, JobLogPlace } from '../jobs';
import { Wake } from '../wake';
import { findJob, findPod } from './find-job';
import type { FoundJob } from './find-job';
import { followContainer } from './follow-container';
import { judgeJob } from './judge-job';
import type { KubeHost } from './kube-host';
import { LogCursor } from './log-cursor';
import { endingContainers, mainContainers, told } from './pod-containers';
import type { PodWatch } from './pod-watch';

/** Without any hint, a job that waits for its pod is looked at this often. */
const lookMs = 5_000;

type Follow = { name: string; place: JobLogPlace };

/** The output of a job: of its init containers in order, then of the others, one after the other. @throws JobsError */
export async function* followJob(
  host: KubeHost,
  watch: PodWatch,
  { name, place, signal }: Follow & { signal: AbortSignal },
): AsyncGenerator<JobLogEntry> {
  const wake = new Wake();
  const joined = watch.join(wake, name);
  const look = () => findJob(host, name, signal);
  try {
    const found = await untilPod(host, { name, wake, look }, signal);
    if (found.pod === undefined) return yield* withoutPod(found, host);
    const containers = told(endingContainers(found.pod)).map(({ container }) => container.name);
    // The times of containers that run beside each other say nothing about what was seen.
    const isOnly = told(mainContainers(found.pod)).length <= 1;
    let { skipLines } = place;
    for (const container of containers) {
      const cursor = new LogCursor({ ...place, skipLines }, isOnly);
      yield* followContainer(
        host,
        { name, container, cursor, wake, findPod: () => findPod(host, found.job, signal) },
        signal,
      );
      skipLines = cursor.skip;
    }
  } finally {
    joined.leave();
  }
}

type Look = { name: string; wake: Wake; look: () => Promise<FoundJob | undefined> };

/** @throws JobsError when there is no such job */
async function untilPod(host: KubeHost, { name, wake, look }: Look, signal: AbortSignal): Promise<FoundJob> {
  for (;;) {
    const found = await look();
    if (found === undefined) throw new JobsError(`there is no job ${name}`, false);
    if (found.pod !== undefined || judgeJob(found, host.clock(), host.graces).state.phase === 'ended') return found;
    await wake.wait(signal, lookMs);
    signal.throwIfAborted();
  }
}

/** Nothing is missing of a job that never had a pod. */
function* withoutPod(found: FoundJob, host: KubeHost): Generator<JobLogEntry> {
  const { end } = judgeJob(found, host.clock(), host.graces).state;
  if (end?.kind === 'cluster' && end.cause === 'deleted') yield { gap: end.message };
}
