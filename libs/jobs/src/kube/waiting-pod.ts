import type { ClusterCause, Fault, JobEnd } from '../jobs';
import type { KubeGraces } from './kube-host';
import type { PodObject } from './kube-objects';
import { isPassing } from './passing-trouble';
import { endingContainers, serviceContainers } from './pod-containers';
import type { PodContainer } from './pod-containers';

/** Why a pod is not up, for people; `end`: what it ends with when this has gone on for longer than `graceMs`. */
export type Waiting = { waitingFor: string; end: JobEnd; graceMs: number };

/** What a pod that is not up waits for. */
export function waitingFor(pod: PodObject, graces: KubeGraces): Waiting {
  return unscheduled(pod, graces) ?? stuckContainer(pod, graces) ?? notUp(pod, graces);
}

/**
 * A machine that is full, or its devices, is being emptied or not up yet may take it later; one that is not of the kind asked for is not there. One
 * such among others is enough.
 */
const mayBeTaken =
  /Insufficient \S+|Too many pods|max volume count|no nodes available|were unschedulable|node\.(cloudprovider\.)?kubernetes\.io\//i;

function unscheduled({ status }: PodObject, graces: KubeGraces): Waiting | undefined {
  const condition = status.conditions.find(({ type }) => type === 'PodScheduled');
  if (condition?.status !== 'False') return undefined;
  const message = `no machine of the cluster takes it: ${condition.message || condition.reason}`;
  const end = ended('unschedulable', mayBeTaken.test(condition.message) ? 'ours' : 'user', message);
  return { waitingFor: message, end, graceMs: graces.scheduleMs };
}

const pulls = new Set(['ErrImagePull', 'ImagePullBackOff', 'ErrImageNeverPull', 'RegistryUnavailable']);
const refusals = new Set([
  'CreateContainerConfigError',
  'CreateContainerError',
  'RunContainerError',
  'InvalidImageName',
]);

function stuckContainer(pod: PodObject, graces: KubeGraces): Waiting | undefined {
  const all = [...serviceContainers(pod), ...endingContainers(pod)];
  const pulling = all.find(({ status }) => pulls.has(status.reason));
  if (pulling !== undefined) {
    const { message, reason } = pulling.status;
    const why = `the image ${pulling.container.image} cannot be pulled: ${message || reason}`;
    return { waitingFor: why, end: ended('image-pull', pullFault(message), why), graceMs: graces.pullMs };
  }
  const refused = all.find(({ status }) => refusals.has(status.reason));
  if (refused === undefined) return undefined;
  const { message, reason } = refused.status;
  const why = `the container ${refused.container.name} cannot be made: ${message || reason}`;
  if (isPassing(message)) return { waitingFor: why, end: ended('not-started', 'ours', why), graceMs: graces.startMs };
  const graceMs = reason === 'InvalidImageName' ? 0 : graces.refusalMs;
  return { waitingFor: why, end: ended('refused', 'user', why), graceMs };
}

/** What is not there, or not for us, is what was asked for; what does not answer is the machines'. */
const pullFault = (message: string): Fault =>
  /not found|manifest unknown|unauthorized|denied|forbidden|authentication required|no match for platform|invalid reference/i.test(
    message,
  )
    ? 'user'
    : 'ours';

function notUp(pod: PodObject, graces: KubeGraces): Waiting {
  const down = serviceContainers(pod).find(({ status }) => !status.isStarted);
  const isServed = down !== undefined && (down.status.phase === 'running' || down.status.restartCount > 0);
  if (isServed) {
    const why = `the service ${down.container.name} is not ready${lastWords(down)}`;
    return { waitingFor: why, end: ended('service-not-ready', 'user', why), graceMs: graces.startMs };
  }
  const why = 'its containers are being made';
  const message = `it was not up after ${Math.round(graces.startMs / 60_000)} minutes: ${podTrouble(pod)}`;
  return { waitingFor: why, end: ended('not-started', 'ours', message), graceMs: graces.startMs };
}

function lastWords({ status: { lastEnd } }: PodContainer): string {
  if (lastEnd === undefined) return '';
  const said = lastEnd.message.trim().slice(-300);
  return ` (it ended with exit code ${lastEnd.exitCode}${said === '' ? '' : `: ${said}`})`;
}

function podTrouble({ status }: PodObject): string {
  const trouble = status.conditions.find(({ status: is, message }) => is === 'False' && message !== '');
  return trouble?.message ?? 'the kubelet does not say why';
}

const ended = (cause: ClusterCause, fault: Fault, message: string): JobEnd => ({
  kind: 'cluster',
  cause,
  fault,
  message,
});
