import { z } from 'zod';

const texts = z.record(z.string(), z.string());
const time = z.iso.datetime({ offset: true }).transform((text) => Date.parse(text));

const metadata = z.object({
  name: z.string(),
  namespace: z.string().default(''),
  uid: z.string().optional(),
  resourceVersion: z.string().optional(),
  labels: texts.default({}),
  annotations: texts.default({}),
  creationTimestamp: time.nullish(),
  /** When it is to be gone: so long after the deletion began as the next one says. */
  deletionTimestamp: time.optional(),
  deletionGracePeriodSeconds: z.int().optional(),
});

const told = { reason: z.string().default(''), message: z.string().default('') };

const condition = z.object({
  type: z.string(),
  status: z.string(),
  ...told,
  lastTransitionTime: time.nullish(),
});

const terminated = z.object({
  ...told,
  exitCode: z.int(),
  startedAt: time.nullish(),
  finishedAt: time.nullish(),
});
const states = z.object({
  waiting: z.object(told).optional(),
  running: z.object({ startedAt: time.nullish() }).optional(),
  terminated: terminated.optional(),
});

const containerStatus = z
  .object({
    name: z.string(),
    started: z.boolean().nullish(),
    restartCount: z.int().default(0),
    state: states.default({}),
    lastState: states.default({}),
  })
  .transform(({ name, started, restartCount, state, lastState }) => ({
    ...{ name, restartCount, isStarted: started === true, ...flat(state) },
    lastEnd: lastState.terminated ?? state.terminated,
  }));

/** A container's state, in one piece. */
function flat({ waiting, running, terminated: ended }: z.infer<typeof states>) {
  const phase = ended !== undefined ? 'ended' : running !== undefined ? 'running' : 'waiting';
  const began = ended?.startedAt ?? running?.startedAt ?? 0;
  return {
    phase: phase as 'waiting' | 'running' | 'ended',
    ...{ reason: '', message: '', exitCode: 0, ...waiting, ...ended },
    // The kubelet gives the year 1970 for one that never began.
    startedAtMs: began > 0 ? began : undefined,
    finishedAtMs: ended?.finishedAt ?? 0,
  };
}

const container = z.object({
  name: z.string(),
  image: z.string().default(''),
  restartPolicy: z.string().optional(),
  resources: z.object({ limits: z.record(z.string(), z.unknown()).default({}) }).prefault({}),
});

export const podObject = z.object({
  metadata,
  spec: z.object({
    nodeName: z.string().default(''),
    initContainers: z.array(container).default([]),
    containers: z.array(container),
  }),
  status: z.object({
    ...told,
    phase: z.string().default('Pending'),
    startTime: time.nullish(),
    conditions: z.array(condition).default([]),
    initContainerStatuses: z.array(containerStatus).default([]),
    containerStatuses: z.array(containerStatus).default([]),
  }),
});

export const jobObject = z.object({
  metadata,
  spec: z.object({ suspend: z.boolean().nullish() }).default({}),
  status: z.object({ conditions: z.array(condition).nullish() }).default({}),
});

export const listOf = <T extends z.ZodType>(item: T) =>
  z.object({ metadata: z.object({ resourceVersion: z.string().default('') }), items: z.array(item) });

export const eventObject = z.object(told);

/** What a watch tells, line by line. The object is a pod but for `ERROR`. */
export const watchEvent = z.object({
  type: z.string(),
  object: z.object({ metadata: z.object({ labels: texts.optional() }).optional() }),
});

export type PodObject = z.infer<typeof podObject>;
export type JobObject = z.infer<typeof jobObject>;
export type Container = z.infer<typeof container>;
export type ContainerStatus = z.infer<typeof containerStatus>;
export type Condition = z.infer<typeof condition>;
