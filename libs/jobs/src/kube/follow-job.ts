import { JobsError } from '../jobs';
import type { JobLogEntry, JobLogPlace } from '../jobs';
import { Wake } from '../wake';
import { findJob, findPod } from './find-job';
import type { FoundJob } from './find-job';
import { followContainer } from './follow-container';
import { judgeJob } from './judge-job';
import type { KubeHost } from './kube-host';
import { lastLineAnnotation } from './kube-names';
import { LogCursor } from './log-cursor';
import { endingContainers, mainContainers, told } from './pod-containers';
import type { PodWatch } from './pod-watch';

/** Without any hint, a job that waits for its pod is looked at this often. */
const lookMs = 5_000;

type Follow = {
  name: string;
  place: JobLogPlace;
  /** Called when its container has said that it ended well. */
  saidEnd: () => void;
};

/** The output of a job: of its init containers in order, then of the others, one after the other. @throws JobsError */
export async function* followJob(
  host: KubeHost,
  watch: PodWatch,
  { name, place, saidEnd, signal }: Follow & { signal: AbortSignal },
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
    const lastLine = isOnly ? found.job.metadata.annotations[lastLineAnnotation] : undefined;
    let { skipLines } = place;
    for (const container of containers) {
      // Of those before the last one, the reader may have lines that are none of theirs.
      const cursor = new LogCursor({ ...place, skipLines }, isOnly && container === containers.at(-1));
      const followed = { name, container, cursor, wake, findPod: () => findPod(host, found.job, signal) };
      if (yield* untilLastLine(followContainer(host, followed, signal), lastLine)) return saidEnd();
      skipLines = cursor.skip;
    }
  } finally {
    joined.leave();
  }
}

/** What comes before the line by which a container says that it ended well. Nothing comes after it. @returns whether it said so */
async function* untilLastLine(
  entries: AsyncIterable<JobLogEntry>,
  lastLine: string | undefined,
): AsyncGenerator<JobLogEntry, boolean> {
  for await (const entry of entries) {
    if ('bytes' in entry && lastLine !== undefined && Buffer.from(lastLine).equals(entry.bytes)) return true;
    yield entry;
  }
  return false;
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
