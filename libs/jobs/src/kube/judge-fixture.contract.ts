import type { JobEnd } from '../jobs';
import { endText, judgeJob } from './judge-job';
import { endAnnotation, jobLabel, nameAnnotation, timeoutAnnotation } from './kube-names';
import { jobObject, podObject } from './kube-objects';

export const created = '2026-11-24T10:00:00Z';
export const createdMs = Date.parse(created);
export const second = 1000;
const graces = { stopGraceMs: 2000, startMs: 600_000, pullMs: 60_000, scheduleMs: 120_000, refusalMs: 20_000 };
export const name = '0.1.test';

export const jobOf = (annotations: Record<string, string> = {}, conditions: object[] = []) =>
  jobObject.parse({
    metadata: {
      ...{ name: '0-1-test', namespace: 'work', creationTimestamp: created, labels: { [jobLabel]: '0-1-test' } },
      annotations: { [nameAnnotation]: name, [timeoutAnnotation]: '60000', ...annotations },
    },
    status: { conditions },
  });

export type Pod = {
  state?: object;
  status?: object;
  metadata?: object;
  main?: object;
  init?: object[];
  inits?: object[];
  beside?: object;
};
const source = { name: 'keelson-source', image: 'r/helper@sha256:0' };
export const podOf = ({ state, status = {}, metadata = {}, main = {}, init = [], inits = [], beside }: Pod) =>
  podObject.parse({
    metadata: { name: '0-1-test-abcde', namespace: 'work', creationTimestamp: created, ...metadata },
    spec: {
      nodeName: 'one',
      initContainers: init,
      containers: [{ name: 'main', image: 'r/i@sha256:0', ...main }, ...(beside === undefined ? [] : [source])],
    },
    status: {
      ...{ phase: 'Pending', initContainerStatuses: inits },
      containerStatuses: [
        ...(state === undefined ? [] : [{ name: 'main', state }]),
        ...(beside === undefined ? [] : [{ name: 'keelson-source', state: beside }]),
      ],
      ...status,
    },
  });

export const judge = (pod: ReturnType<typeof podOf> | undefined, afterMs: number, job = jobOf()) =>
  judgeJob({ name, job, pod }, createdMs + afterMs, graces);
export const running = { running: { startedAt: '2026-11-24T10:00:01Z' } };
export const ended = (exitCode: number, more: object = {}) => ({
  terminated: { exitCode, startedAt: '2026-11-24T10:00:01Z', finishedAt: '2026-11-24T10:00:05Z', ...more },
});
export const waiting = (reason: string, message = '') => ({ waiting: { reason, message } });
export const stopped: JobEnd = { kind: 'signalled', signal: 'SIGTERM' };
export const byUs = (end: JobEnd) => jobOf({ [endAnnotation]: endText(end, createdMs + 3000) });
