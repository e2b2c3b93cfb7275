import type { JobEnd } from '../jobs';
import { helperEnd } from './helper-end';
import type { PodObject } from './kube-objects';
import { isPassing } from './passing-trouble';
import { endingContainers, isOwn, mainContainers, told } from './pod-containers';
import type { PodContainer } from './pod-containers';

/**
 * How the containers of a pod ended, if all that are the user's have, or one did whose end is that of the pod. One of ours that failed is why others did
 * that waited for it.
 */
export function containersEnd(pod: PodObject): { end: JobEnd; endedAtMs: number } | undefined {
  const all = endingContainers(pod);
  const mains = mainContainers(pod);
  const failed = failedHelper(pod) ?? all.find(({ status }) => status.exitCode !== 0);
  const isInit = failed !== undefined && !mains.some(({ container }) => container === failed.container);
  if (!isInit && !told(mains).every(({ status }) => status.phase === 'ended')) return undefined;
  const endedAtMs = Math.max(...all.map(({ status }) => status.finishedAtMs));
  return { end: failed === undefined ? { kind: 'exited', code: 0 } : endOf(failed), endedAtMs };
}

/** How it ends when one of our own containers has failed: what waits for it would wait in vain. */
export function helperFailure(pod: PodObject): JobEnd | undefined {
  const failed = failedHelper(pod);
  return failed && endOf(failed);
}

const failedHelper = (pod: PodObject): PodContainer | undefined =>
  endingContainers(pod).find(({ container, status }) => isOwn(container) && status.exitCode !== 0);

/** What the runtime answers with where it could not run the command at all. */
const startErrors = new Set(['StartError', 'ContainerCannotRun']);
/** A shell, and the kubelet, tell the death by a signal as an exit code. Only these two come from outside. */
const signals: Readonly<Record<number, string>> = { 137: 'SIGKILL', 143: 'SIGTERM' };

function endOf({ container, status }: PodContainer): JobEnd {
  const { exitCode, reason, message } = status;
  if (reason === 'OOMKilled') return outOfMemory(container);
  if (isOwn(container)) {
    const said = message.trim() || `exit code ${exitCode}`;
    return { kind: 'cluster', cause: 'not-started', fault: 'ours', message: `preparing the pod failed: ${said}` };
  }
  if (startErrors.has(reason)) return notStarted(container, message);
  return helperEnd(message) ?? endByCode(exitCode);
}

function endByCode(exitCode: number): JobEnd {
  const signal = signals[exitCode];
  return signal === undefined ? { kind: 'exited', code: exitCode } : { kind: 'signalled', signal };
}

function outOfMemory({ name, resources }: PodContainer['container']): JobEnd {
  const limit = resources.limits['memory'];
  const hasLimit = limit !== undefined;
  return {
    kind: 'cluster',
    cause: 'out-of-memory',
    fault: hasLimit ? 'user' : 'ours',
    message: hasLimit
      ? `the container ${name} used more memory than its limit of ${String(limit)}: give it more in resources`
      : `the container ${name} was ended because its machine had no memory left`,
  };
}

function notStarted({ name }: PodContainer['container'], said: string): JobEnd {
  const message = said.replace(/: unknown\s*$/, '').trim();
  if (isPassing(message)) {
    const why = `the container ${name} could not be started: ${message}`;
    return { kind: 'cluster', cause: 'not-started', fault: 'ours', message: why };
  }
  // What follows the runtime's own layers: `exec: "x": executable file not found in $PATH`.
  const exec = /exec: .*/s.exec(message)?.[0] ?? message;
  return { kind: 'unstartable', message: `the command could not be started: ${exec}` };
}
