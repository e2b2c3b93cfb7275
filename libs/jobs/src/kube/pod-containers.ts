import { ownPrefix } from './kube-names';
import type { Container, ContainerStatus, PodObject } from './kube-objects';

/** A container and what the kubelet last said of it. */
export type PodContainer = { container: Container; status: ContainerStatus };

/** Containers that run to their end, in the order in which their output is told: init containers, then the others. */
export const endingContainers = (pod: PodObject): PodContainer[] => [...initContainers(pod), ...mainContainers(pod)];

export const initContainers = ({ spec, status }: PodObject): PodContainer[] =>
  joined(spec.initContainers, status.initContainerStatuses).filter(({ container }) => !isService(container));

export const mainContainers = ({ spec, status }: PodObject): PodContainer[] =>
  joined(spec.containers, status.containerStatuses);

/** Up before the others and as long as they are. */
export const serviceContainers = ({ spec, status }: PodObject): PodContainer[] =>
  joined(spec.initContainers, status.initContainerStatuses).filter(({ container }) => isService(container));

/** The user's own, whose output is the job's. */
export const told = (containers: readonly PodContainer[]): PodContainer[] =>
  containers.filter(({ container }) => !isOwn(container));

export const isOwn = ({ name }: Container): boolean => name.startsWith(ownPrefix);

/** When the job began: its first container that is not ours. */
export function startOf(pod: PodObject): number | undefined {
  const starts = told(endingContainers(pod)).flatMap(({ status }) => status.startedAtMs ?? []);
  return starts.length === 0 ? undefined : Math.min(...starts);
}

const isService = ({ restartPolicy }: Container): boolean => restartPolicy === 'Always';

const joined = (containers: readonly Container[], statuses: readonly ContainerStatus[]): PodContainer[] =>
  containers.map((container) => ({
    container,
    status: statuses.find(({ name }) => name === container.name) ?? unknown(container.name),
  }));

/** Of a container that no kubelet has looked at yet. */
const unknown = (name: string): ContainerStatus => ({
  ...{ name, phase: 'waiting', isStarted: false, restartCount: 0, reason: '', message: '' },
  ...{ exitCode: 0, startedAtMs: undefined, finishedAtMs: 0, lastEnd: undefined },
});
