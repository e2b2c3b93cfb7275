import { JobsError } from '../jobs';
import type { JobLogEntry } from '../jobs';
import { Wake } from '../wake';
import { isStatus } from './api-refusal';
import { namedPath, podsPath } from './api-paths';
import type { KubeHost } from './kube-host';
import type { ContainerStatus, PodObject } from './kube-objects';
import { RotatedAway } from './log-cursor';
import type { LogCursor } from './log-cursor';
import { isTakenAway } from './judge-job';
import { LogLines, NoLogLine } from './log-lines';
import { endingContainers } from './pod-containers';
import { StreamPace } from './stream-pace';

export type Followed = {
  name: string;
  container: string;
  cursor: LogCursor;
  /** The job's pod as it is now. */
  findPod: () => Promise<PodObject | undefined>;
  /** Woken when some pod changed. */
  wake: Wake;
};

/** Without any hint, the container is looked at this often ... */
const lookMs = 5_000;
/** ... and when its output broke off, or cannot be had yet, this soon. */
const againMs = 100;
/** A stream that says nothing may be dead without anybody knowing: it is made anew. */
const silentMs = 60_000;
/** How often the log of a container that has ended may be said not to be there, and for how long not be had, before it counts as gone. */
const maxRefusals = 20;
const refusedMs = 60_000;
/** A kubelet that is away after so many tries is being restarted, or its machine is: it is asked less often. */
const awayMs = 1_000;

type Look = {
  pod: PodObject | undefined;
  state: 'waiting' | 'running' | 'ended' | 'gone';
  startedAtMs: number | undefined;
  /** Why it ended. */
  reason: string;
  /** Taken away with its machine, which has not told its end and so will not tell its output either. */
  isLost: boolean;
};

/** The output of one container, until it has ended and all is read; a gap where the rest cannot be had any more. */
export async function* followContainer(
  host: KubeHost,
  followed: Followed,
  signal: AbortSignal,
): AsyncGenerator<JobLogEntry> {
  const refused = new Refusals();
  let hasBegun = followed.cursor.place.skipLines > 0;
  for (let seen: Look | undefined; ;) {
    const look = seen ?? (await lookAt(followed, host));
    seen = undefined;
    if (look.pod === undefined || look.state === 'gone') return yield* unreachable(followed, look, hasBegun);
    if (look.state === 'waiting') {
      await followed.wake.wait(signal, lookMs);
      signal.throwIfAborted();
      continue;
    }
    hasBegun = true;
    try {
      seen = yield* readOnce(host, { ...followed, look, pod: look.pod }, signal);
      if (look.state === 'ended') return yield* gapAtEnd(followed.cursor);
    } catch (error) {
      if (refused.isEnough(error, look, signal)) return yield unavailable(followed, error);
      await followed.wake.wait(signal, refused.pauseMs);
    }
  }
}

/**
 * Failed readings of a container that has ended. Each may take long, as its machine does not answer, or no time at all, as its kubelet is being
 * restarted: of these only the time counts.
 */
class Refusals {
  #tries = 0;
  #answers = 0;
  #sinceMs: number | undefined;

  /** Until the next try. */
  get pauseMs(): number {
    return this.#tries > maxRefusals ? awayMs : againMs;
  }

  /** @throws what no further try would mend */
  isEnough(error: unknown, { state, isLost }: Look, signal: AbortSignal): boolean {
    signal.throwIfAborted();
    if (error instanceof RotatedAway) return false;
    if (!isPassing(error)) throw error;
    if (state !== 'ended') return false;
    this.#tries += 1;
    if (isAnswer(error) || isLost) this.#answers += 1;
    this.#sinceMs ??= performance.now();
    return this.#answers > maxRefusals || performance.now() - this.#sinceMs > refusedMs;
  }
}

function* gapAtEnd(cursor: LogCursor): Generator<JobLogEntry> {
  const gap = cursor.gapAtEnd();
  if (gap !== undefined) yield { gap };
}

const unavailable = ({ container }: Followed, error: unknown): JobLogEntry => ({
  gap: `the output of ${container} cannot be had: ${(error as Error).message}`,
});

/** What the kubelet says of a container that it does not find any more: not even when it began. */
const lostSight = 'ContainerStatusUnknown';

/** Nothing is missing of a container that never began. */
function* unreachable({ name, container }: Followed, { pod, reason }: Look, hasBegun: boolean): Generator<JobLogEntry> {
  if (pod === undefined) yield { gap: `the pod of ${name} is gone, and its output with it` };
  else if (hasBegun || reason === lostSight)
    yield { gap: `the cluster lost sight of ${container}: the rest of its output cannot be had` };
}

const none = { state: 'gone', startedAtMs: undefined, reason: '', isLost: false } as const;

async function lookAt({ findPod, container }: Followed, { clock }: KubeHost): Promise<Look> {
  const pod = await findPod();
  const status = pod && endingContainers(pod).find((one) => one.container.name === container)?.status;
  if (pod === undefined || status === undefined) return { pod, ...none };
  const { startedAtMs, reason, phase } = status;
  const state = stateOf(pod, status, clock());
  return { pod, state, startedAtMs, reason, isLost: state === 'ended' && phase !== 'ended' };
}

function stateOf(pod: PodObject, { phase, startedAtMs }: ContainerStatus, nowMs: number): Look['state'] {
  const isTerminal = pod.status.phase === 'Failed' || pod.status.phase === 'Succeeded';
  const isOver = phase === 'ended' || isTerminal || isTakenAway(pod, nowMs);
  if (isOver) return startedAtMs === undefined ? 'gone' : 'ended';
  return phase;
}

type Reading = Followed & { look: Look; pod: PodObject };

/**
 * One request: of a container that has ended, for what there is; of one that runs, until it has ended or the stream did.
 * @returns the container as it was seen to have ended
 */
async function* readOnce(
  host: KubeHost,
  reading: Reading,
  signal: AbortSignal,
): AsyncGenerator<JobLogEntry, Look | undefined> {
  const { cursor, container, look, pod } = reading;
  const cut = new AbortController();
  const pace = new StreamPace();
  const stop = look.state === 'ended' ? undefined : cutWhenEnded(host, { ...reading, pace }, cut);
  try {
    const { namespace, name: podName } = pod.metadata;
    const response = await host.api.stream({
      what: `reading the output of ${podName}`,
      path: `${namedPath(podsPath(namespace), podName)}/log`,
      query: { container, timestamps: 'true', follow: String(look.state === 'running'), sinceTime: cursor.since },
      signal: AbortSignal.any([signal, cut.signal]),
    });
    cursor.begin({ startedAtMs: look.startedAtMs, readAtMs: host.clock() });
    const lines = new LogLines();
    pace.asked();
    for await (const piece of response as AsyncIterable<Buffer>) {
      pace.heard(piece.byteLength);
      yield* cursor.take(lines.push(piece));
      pace.asked();
    }
    if (look.state === 'ended') yield* cursor.take(lines.end());
    return undefined;
  } catch (error) {
    if (!cut.signal.aborted || signal.aborted) throw error;
    return stop?.seen();
  } finally {
    stop?.now();
  }
}

/**
 * A followed stream goes on for seconds after its container has ended. What is still missing then is there to be read at once: the stream is cut
 * off, and the rest read without following; but not while it catches up with files that nobody gets to see any more but by it. One that is silent is
 * cut off too.
 * @returns what stops it, and what tells how the container had ended where it was seen
 */
function cutWhenEnded(
  host: KubeHost,
  reading: Reading & { pace: StreamPace },
  cut: AbortController,
): { now: () => void; seen: () => Look | undefined } {
  const stopped = new AbortController();
  const { pace, wake } = reading;
  let ended: Look | undefined;
  void (async () => {
    while (!stopped.signal.aborted) {
      await wake.wait(stopped.signal, ended === undefined ? lookMs : againMs);
      if (stopped.signal.aborted) return;
      ended ??= await endedNow(host, reading);
      if (pace.quietMs > silentMs || (ended !== undefined && pace.isAtRest)) return cut.abort();
    }
  })();
  return { now: () => stopped.abort(), seen: () => ended };
}

/** The container, if it runs no more. A look that fails may succeed later. */
async function endedNow(host: KubeHost, reading: Reading): Promise<Look | undefined> {
  const look = await lookAt(reading, host).catch(() => undefined);
  return look?.state === 'running' ? undefined : look;
}

/** The kubelet or the API is away, or has nothing yet: the next look tells more. */
const isPassing = (error: unknown): boolean => isAnswer(error) || !(error instanceof JobsError) || error.transient;

/** The kubelet was asked, and has nothing. */
const isAnswer = (error: unknown): boolean =>
  error instanceof NoLogLine || isStatus(error, 400) || isStatus(error, 404);
