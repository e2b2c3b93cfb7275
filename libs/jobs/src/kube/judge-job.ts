import { z } from 'zod';
import type { ClusterCause, JobEnd, JobState } from '../jobs';
import { containersEnd, helperFailure } from './container-end';
import type { FoundJob } from './find-job';
import type { KubeGraces } from './kube-host';
import { endAnnotation, timeoutAnnotation } from './kube-names';
import type { PodObject } from './kube-objects';
import { endingContainers, isOwn, mainContainers, serviceContainers, startOf } from './pod-containers';
import { waitingFor } from './waiting-pod';

/** What a job is, and what it is to be ended with, if it is over its time. */
export type Judged = {
  state: JobState;
  overdue?: JobEnd;
  /** We have ended it, and it is not gone yet. */
  isEnding?: boolean;
};

/** The kubelet tells times in whole seconds, rounded down. */
const roundedMs = 1000;
/** A pod that is to go may be there a moment longer than it was given. */
const lateMs = 3000;

const isEnd = (end: unknown): boolean => typeof end === 'object' && end !== null && 'kind' in end;
const endRecord = z.object({ end: z.custom<JobEnd>(isEnd), atMs: z.number() });

/** That a job was ended by us, as its annotation has it. */
export const endText = (end: JobEnd, atMs: number): string => JSON.stringify({ end, atMs });

/** What cannot be read is none of ours: one such Job is not to keep all the others from being judged. */
function endedByUs(text: string | undefined): z.infer<typeof endRecord> | undefined {
  try {
    return text === undefined ? undefined : endRecord.parse(JSON.parse(text));
  } catch {
    return undefined; // no JSON, or not what we write
  }
}

/** What a job and its pod say together. */
export function judgeJob(found: FoundJob, nowMs: number, graces: KubeGraces): Judged {
  const { name, job, pod } = found;
  const ours = endedByUs(job.metadata.annotations[endAnnotation]);
  if (pod === undefined) return { state: withoutPod({ name, job, ours }) };
  const startedAtMs = startOf(pod);
  const started = startedAtMs === undefined ? {} : { startedAtMs };
  const ended = endedPod(pod, ours?.end, nowMs);
  if (ended !== undefined) return { state: { name, phase: 'ended', ...started, ...ended } };
  if (ours !== undefined) {
    return { state: { name, phase: startedAtMs === undefined ? 'waiting' : 'running', ...started }, isEnding: true };
  }
  if (startedAtMs === undefined) return waitingPod(name, pod, { nowMs, graces });
  return runningPod({ ...found, pod }, startedAtMs, { nowMs, graces });
}

function runningPod(found: FoundJob & { pod: PodObject }, startedAtMs: number, now: Now): Judged {
  const { name, pod } = found;
  const running = { state: { name, phase: 'running' as const, startedAtMs } };
  // It has ended, and is not known yet by what.
  if (containersEnd(pod) !== undefined) return running;
  const withoutHelper = helperFailure(pod) ?? stuckHelper(pod, now);
  if (withoutHelper !== undefined) return { ...running, overdue: withoutHelper };
  const isOver = now.nowMs > startedAtMs + roundedMs + timeoutOf(found);
  return { ...running, ...(isOver ? { overdue: { kind: 'timeout' } } : {}) };
}

type Now = { nowMs: number; graces: KubeGraces };

/** One of our own that is to run beside the user's, and does not come up in time: the user's waits for what it brings. */
function stuckHelper(pod: PodObject, { nowMs, graces }: Now): JobEnd | undefined {
  if (!mainContainers(pod).some(({ container, status }) => isOwn(container) && status.phase === 'waiting'))
    return undefined;
  const { end, graceMs } = waitingFor(pod, graces);
  return nowMs - (waitsSinceMs(pod) ?? nowMs) > graceMs ? end : undefined;
}

const timeoutOf = ({ job }: FoundJob): number => Number(job.metadata.annotations[timeoutAnnotation] ?? Infinity);

function waitingPod(name: string, pod: PodObject, { nowMs, graces }: Now): Judged {
  const { waitingFor: why, end, graceMs } = waitingFor(pod, graces);
  const overdue = nowMs - (waitsSinceMs(pod) ?? nowMs) > graceMs ? { overdue: end } : {};
  return { state: { name, phase: 'waiting', waitingFor: why }, ...overdue };
}

/** For a machine since it was made; for a container since it has a machine, and what comes before that has ended or is up. */
function waitsSinceMs(pod: PodObject): number | undefined {
  const scheduled = pod.status.conditions.find(({ type, status }) => type === 'PodScheduled' && status === 'True');
  const hasAt = scheduled?.lastTransitionTime ?? pod.metadata.creationTimestamp ?? undefined;
  if (hasAt === undefined) return undefined;
  const ends = endingContainers(pod).map(({ status }) => status.finishedAtMs);
  const ups = serviceContainers(pod).flatMap(({ status }) => (status.isStarted ? (status.startedAtMs ?? []) : []));
  return Math.max(hasAt, ...ends, ...ups);
}

type WithoutPod = { name: string; job: FoundJob['job']; ours: z.infer<typeof endRecord> | undefined };

function withoutPod({ name, job, ours }: WithoutPod): JobState {
  if (ours !== undefined) return { name, phase: 'ended', endedAtMs: ours.atMs, end: ours.end };
  const over = job.status.conditions?.find(
    ({ type, status }) => (type === 'Failed' || type === 'Complete') && status === 'True',
  );
  if (over === undefined) return { name, phase: 'waiting', waitingFor: 'its pod is being made' };
  const message = 'its pod was deleted, and with it what is known of its end';
  const end: JobEnd = { kind: 'cluster', cause: 'deleted', fault: 'ours', message };
  return { name, phase: 'ended', endedAtMs: over.lastTransitionTime ?? 0, end };
}

type Ended = { end: JobEnd; endedAtMs: number };

/** @param ours what we ended it with, if we did */
function endedPod(pod: PodObject, ours: JobEnd | undefined, nowMs: number): Ended | undefined {
  const contained = containersEnd(pod);
  const end = endOf(pod, { contained, ours, nowMs });
  return end && { end, endedAtMs: contained?.endedAtMs || sinceOf(pod) };
}

type Known = { contained: Ended | undefined; ours: JobEnd | undefined; nowMs: number };

function endOf(pod: PodObject, known: Known): JobEnd | undefined {
  const taken = endedByItself(pod, known.contained) ? undefined : takenAway(pod, known.nowMs);
  if (taken !== undefined) return known.ours ?? taken;
  return isTerminal(pod) ? endInPhase(pod, known) : endBeforePhase(known);
}

/** Until the phase is told, nobody knows whether it ended by itself or by us. */
const endBeforePhase = ({ contained, ours, nowMs }: Known): JobEnd | undefined =>
  ours !== undefined || mayBeEvicted(contained, nowMs) ? undefined : contained?.end;

function endInPhase(pod: PodObject, { contained, ours }: Known): JobEnd {
  if (pod.status.reason === 'DeadlineExceeded') return refined(ours ?? pastDeadline(pod), pod);
  return contained?.end ?? failed(pod);
}

const isTerminal = ({ status }: PodObject): boolean => status.phase === 'Failed' || status.phase === 'Succeeded';
const sinceOf = ({ status, metadata }: PodObject): number => status.startTime ?? metadata.creationTimestamp ?? 0;

/** Nobody of us was there to end it in time. */
const pastDeadline = (pod: PodObject): JobEnd =>
  startOf(pod) === undefined ? notStarted('it was not up in time') : { kind: 'timeout' };

const failed = ({ status }: PodObject): JobEnd =>
  notStarted(`its pod failed: ${status.message || status.reason || 'nobody says why'}`);

const notStarted = (message: string): JobEnd => ({ kind: 'cluster', cause: 'not-started', fault: 'ours', message });

/**
 * Not as an answer to who took it away: whoever is sent a SIGTERM may answer with any exit code, 0 as well. Where nobody tells when that was, an eviction
 * is answered by a failure.
 */
function endedByItself(pod: PodObject, contained: Ended | undefined): boolean {
  if (contained === undefined || isEndedByKubelet(pod)) return false;
  const { end, endedAtMs } = contained;
  if (end.kind === 'unstartable') return true;
  const deletedAtMs = deletionOf(pod);
  if (deletedAtMs !== undefined && endedAtMs >= deletedAtMs - roundedMs) return false;
  if (evicted(pod) !== undefined) return end.kind === 'exited' && end.code === 0;
  return end.kind === 'exited' || (deletedAtMs !== undefined && endedAtMs > 0);
}

/** When its deletion began. */
function deletionOf({ metadata }: PodObject): number | undefined {
  const { deletionTimestamp, deletionGracePeriodSeconds } = metadata;
  if (deletionTimestamp === undefined || deletionGracePeriodSeconds === undefined) return undefined;
  return deletionTimestamp - deletionGracePeriodSeconds * 1000;
}

const disruptionOf = ({ status }: PodObject) =>
  status.conditions.find((one) => one.type === 'DisruptionTarget' && one.status === 'True');

/** The kubelet does so only with what still runs. When it began nobody tells, and where all have answered by 0 this condition alone is told. */
const isEndedByKubelet = (pod: PodObject): boolean =>
  isTerminal(pod) && disruptionOf(pod)?.reason === 'TerminationByKubelet';

/** How long a pod may be called evicted after its containers have answered that. */
const evictionMs = 10_000;

/**
 * One that has failed: the kubelet tells the end of containers a second before it tells why it ended them. A success is not waited for.
 * https://github.com/kubernetes/kubernetes/blob/v1.34.0/pkg/kubelet/status/status_manager.go (mergePodStatus)
 */
const mayBeEvicted = (contained: Ended | undefined, nowMs: number): boolean =>
  contained !== undefined && isUsersFailure(contained.end) && nowMs < contained.endedAtMs + evictionMs;

const isUsersFailure = (end: JobEnd): boolean =>
  (end.kind === 'exited' && end.code !== 0) ||
  end.kind === 'signalled' ||
  (end.kind === 'cluster' && end.fault === 'user');

/** One that would not end had to be killed. */
function refined(end: JobEnd, pod: PodObject): JobEnd {
  const killed = mainContainers(pod).some(({ status }) => status.exitCode === 137);
  return killed && end.kind === 'signalled' ? { kind: 'signalled', signal: 'SIGKILL' } : end;
}

const disruptions: Readonly<Record<string, [ClusterCause, string]>> = {
  DeletionByTaintManager: ['node-lost', 'its machine does not answer any more'],
  DeletionByPodGC: ['node-lost', 'its machine is gone'],
  EvictionByEvictionAPI: ['evicted', 'its machine was being emptied'],
  PreemptionByScheduler: ['evicted', 'it had to make room for something more important'],
  TerminationByKubelet: ['evicted', 'its machine had to end it'],
};
const evictions = new Set(['Evicted', 'NodeShutdown', 'Terminated', 'Shutdown', 'Preempting', 'NodeLost']);

/** Whether the cluster took the pod away, and why. */
const takenAway = (pod: PodObject, nowMs: number): JobEnd | undefined => evicted(pod) ?? deleted(pod, nowMs);

/** It is to be gone by now. Where its machine is lost nobody ever says that its containers have ended. */
export const isTakenAway = (pod: PodObject, nowMs: number): boolean => takenAway(pod, nowMs) !== undefined;

function evicted(pod: PodObject): JobEnd | undefined {
  const { reason, message } = pod.status;
  if (!isTerminal(pod)) return undefined;
  const why = evictions.has(reason) ? message : isEndedByKubelet(pod) ? disruptionOf(pod)?.message : undefined;
  if (why === undefined) return undefined;
  // Its own share of the disk, not its machine's.
  const isOwn = why.includes('exceeds the total limit') || why.includes('exceeded its local');
  const cause = reason === 'NodeLost' ? 'node-lost' : 'evicted';
  return { kind: 'cluster', cause, fault: isOwn ? 'user' : 'ours', message: `it was taken off its machine: ${why}` };
}

function deleted(pod: PodObject, nowMs: number): JobEnd | undefined {
  const { deletionTimestamp } = pod.metadata;
  if (deletionTimestamp === undefined) return undefined;
  const isGone = isTerminal(pod) || containersEnd(pod) !== undefined || nowMs >= deletionTimestamp + lateMs;
  if (!isGone) return undefined;
  const [cause, why] = disruptions[disruptionOf(pod)?.reason ?? ''] ?? ['deleted', 'somebody deleted its pod'];
  return { kind: 'cluster', cause, fault: 'ours', message: why };
}
