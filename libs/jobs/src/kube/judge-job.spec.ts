import type { JobEnd } from '../jobs';
import {
  byUs,
  created,
  createdMs,
  ended,
  jobOf,
  judge,
  name,
  podOf,
  running,
  second,
  stopped,
  waiting,
} from './judge-fixture.contract';
import type { Pod } from './judge-fixture.contract';
import { endAnnotation, timeoutAnnotation } from './kube-names';

describe('a job that runs', () => {
  it('began when its container did', () => {
    expect(judge(podOf({ state: running }), 5000)).toEqual({
      state: { name, phase: 'running', startedAtMs: createdMs + second },
    });
  });

  it('is over its time only when that is certain: times are told in whole seconds', () => {
    expect(judge(podOf({ state: running }), 61_900).overdue).toBeUndefined();
    expect(judge(podOf({ state: running }), 62_001).overdue).toEqual({ kind: 'timeout' });
  });

  it('that we ended is not over before its pod is', () => {
    for (const state of [running, ended(143), ended(0)]) {
      const judged = judge(podOf({ state, status: { phase: 'Running' } }), 5000, byUs(stopped));
      expect(judged).toMatchObject({ state: { phase: 'running' }, isEnding: true });
      expect(judged.state.end).toBeUndefined();
    }
  });
});

describe('a job that waits for a container of ours beside its own', () => {
  it('is over at once when that has failed', () => {
    const pod = podOf({ state: running, beside: ended(1, { message: 'no such blob' }), status: { phase: 'Running' } });
    expect(judge(pod, 3000)).toMatchObject({
      state: { phase: 'running' },
      overdue: { cause: 'not-started', fault: 'ours', message: 'preparing the pod failed: no such blob' },
    });
  });

  it('is over after the grace when that cannot be made', () => {
    const pod = podOf({ state: running, beside: waiting('ImagePullBackOff', 'connection refused') });
    expect(judge(pod, 60_000).overdue).toBeUndefined();
    expect(judge(pod, 60_001).overdue).toMatchObject({ cause: 'image-pull', fault: 'ours' });
    expect(judge(podOf({ state: running, beside: waiting('ContainerCreating') }), 60_001).overdue).toBeUndefined();
  });

  it('has ended when its own container has', () => {
    const pod = podOf({ state: ended(7), beside: waiting('ContainerCreating'), status: { phase: 'Pending' } });
    expect(judge(pod, 15_000).state).toMatchObject({ phase: 'ended', end: { kind: 'exited', code: 7 } });
  });

  it('failed for want of what that did not bring', () => {
    const pod = podOf({ state: ended(70), beside: ended(1, { message: 'no such blob' }) });
    expect(judge(pod, 9000).state.end).toMatchObject({ message: 'preparing the pod failed: no such blob' });
  });
});

describe('a job that waits', () => {
  const cases: [string, Pod, number, object][] = [
    ['an image that is not there', { state: waiting('ImagePullBackOff', 'r/i: not found') }, 60_000, { cause: 'image-pull', fault: 'user' }],
    ['a registry that is away', { state: waiting('ErrImagePull', 'dial tcp: connection refused') }, 60_000, { cause: 'image-pull', fault: 'ours' }],
    ['a Secret that is not there', { state: waiting('CreateContainerConfigError', 'secret "x" not found') }, 20_000, { cause: 'refused', fault: 'user' }],
    ['a kubelet that did not get a Secret in time', { state: waiting('CreateContainerConfigError', 'failed to sync secret cache: timed out waiting for the condition') }, 600_000, { cause: 'not-started', fault: 'ours' }],
    ['a runtime that does not answer in time', { state: waiting('CreateContainerError', 'context deadline exceeded') }, 600_000, { cause: 'not-started', fault: 'ours' }],
    ['a runtime that is still at it', { state: waiting('CreateContainerError', 'failed to reserve container name "x": name "x" is reserved for "y"') }, 600_000, { cause: 'not-started', fault: 'ours' }],
    ['a runtime that is being restarted', { state: waiting('CreateContainerError', 'rpc error: code = Unavailable desc = connection error: desc = "transport: Error while dialing: dial unix /run/containerd/containerd.sock: connect: connection refused"') }, 600_000, { cause: 'not-started', fault: 'ours' }],
    ['a machine whose disk is full', { state: waiting('CreateContainerError', 'failed to create containerd container: mkdir /var/lib/x: no space left on device') }, 600_000, { cause: 'not-started', fault: 'ours' }],
    ['the name of no image', { state: waiting('InvalidImageName', 'no') }, 0, { cause: 'refused', fault: 'user' }],
    ['a machine that is not there', unschedulable("0/1 nodes are available: 1 node(s) didn't match Pod's node affinity/selector."), 120_000, { cause: 'unschedulable', fault: 'user' }],
    ['a machine that is full', unschedulable('0/1 nodes are available: 1 Insufficient memory.'), 120_000, { cause: 'unschedulable', fault: 'ours' }],
    ['nobody knows what', { state: waiting('ContainerCreating') }, 600_000, { cause: 'not-started', fault: 'ours' }],
    ['a service that does not come up', service('running'), 600_000, { cause: 'service-not-ready', fault: 'user' }],
  ]; // prettier-ignore

  it.each(cases)('for %s says so, and is over after its grace', (_what, pod, graceMs, end) => {
    const early = judge(podOf(pod), graceMs);
    expect(early.state).toMatchObject({ phase: 'waiting', waitingFor: expect.stringMatching(/\w/) });
    expect(early.overdue).toBeUndefined();
    expect(judge(podOf(pod), graceMs + 1).overdue).toMatchObject({ kind: 'cluster', ...end });
  });

  it('has its grace from when it had a machine, and what came before was there', () => {
    const at = (time: string) => `2026-11-24T10:0${time}Z`;
    const conditions = [{ type: 'PodScheduled', status: 'True', lastTransitionTime: at('2:00') }];
    const late: Pod = { state: waiting('ErrImagePull', 'connection reset'), status: { conditions } };
    expect(judge(podOf(late), 180_000).overdue).toBeUndefined();
    expect(judge(podOf(late), 180_001).overdue).toMatchObject({ cause: 'image-pull' });
    const init = [{ name: 'keelson-source' }, { name: 'db', restartPolicy: 'Always' }];
    const source = { name: 'keelson-source', state: { terminated: { exitCode: 0, finishedAt: at('3:00') } } };
    const db = { name: 'db', started: true, state: { running: { startedAt: at('4:00') } } };
    expect(judge(podOf({ ...late, init, inits: [source] }), 240_000).overdue).toBeUndefined();
    expect(judge(podOf({ ...late, init, inits: [source] }), 240_001).overdue).toBeDefined();
    expect(judge(podOf({ ...late, init, inits: [source, db] }), 300_000).overdue).toBeUndefined();
    expect(judge(podOf({ ...late, init, inits: [source, db] }), 300_001).overdue).toBeDefined();
  });

  it('for its pod says that', () => {
    expect(judge(undefined, 0)).toEqual({ state: { name, phase: 'waiting', waitingFor: 'its pod is being made' } });
  });

  function unschedulable(message: string): Pod {
    return { status: { conditions: [{ type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message }] } };
  }
  function service(state: string): Pod {
    const init = [{ name: 'db', image: 'db:1', restartPolicy: 'Always' }];
    return { init, inits: [{ name: 'db', started: false, state: { [state]: {} } }], state: waiting('PodInitializing') };
  }
});

describe('a job that has ended', () => {
  const memory = { resources: { limits: { memory: '64Mi' } } };
  const cases: [string, Pod, JobEnd | object][] = [
    ['well', { state: ended(0) }, { kind: 'exited', code: 0 }],
    ['with an exit code', { state: ended(7, { reason: 'Error' }) }, { kind: 'exited', code: 7 }],
    ['killed by somebody', { state: ended(137, { reason: 'Error' }) }, { kind: 'signalled', signal: 'SIGKILL' }],
    ['out of its memory', { state: ended(137, { reason: 'OOMKilled' }), main: memory }, { cause: 'out-of-memory', fault: 'user' }],
    ["out of its machine's memory", { state: ended(137, { reason: 'OOMKilled' }) }, { cause: 'out-of-memory', fault: 'ours' }],
    ['without having begun', { state: ended(128, { reason: 'StartError', message: 'runc: exec: "x": executable file not found in $PATH: unknown', startedAt: '1970-01-01T00:00:00Z' }) }, { kind: 'unstartable', message: 'the command could not be started: exec: "x": executable file not found in $PATH' }],
    ['without having begun, for want of time', { state: ended(128, { reason: 'StartError', message: 'failed to create containerd task: failed to create shim task: context deadline exceeded: unknown' }) }, { cause: 'not-started', fault: 'ours', message: 'the container main could not be started: failed to create containerd task: failed to create shim task: context deadline exceeded' }],
    ['without having begun, by a command of an odd name', { state: ended(128, { reason: 'StartError', message: 'runc: exec: "timed out": executable file not found in $PATH: unknown' }) }, { kind: 'unstartable' }],
    ['evicted', { status: { phase: 'Failed', reason: 'Evicted', message: 'The node was low on resource: memory.' } }, { cause: 'evicted', fault: 'ours' }],
    ['evicted for its own disk', { status: { phase: 'Failed', reason: 'Evicted', message: 'Pod ephemeral local storage usage exceeds the total limit of containers 1Mi.' }, state: ended(137) }, { cause: 'evicted', fault: 'user' }],
    ['evicted, and answering that by a failure of its own', { status: { phase: 'Failed', reason: 'Evicted', message: 'The node was low on resource: memory.' }, state: ended(1) }, { cause: 'evicted', fault: 'ours' }],
    ['well, just before it was evicted', { status: { phase: 'Failed', reason: 'Evicted' }, state: ended(0) }, { kind: 'exited', code: 0 }],
    ['past a deadline', { status: { phase: 'Failed', reason: 'DeadlineExceeded' }, state: ended(137) }, { kind: 'timeout' }],
    ['past a deadline, never up', { status: { phase: 'Failed', reason: 'DeadlineExceeded' } }, { cause: 'not-started' }],
    ['by an init container', { init: [{ name: 'prepare' }], inits: [{ name: 'prepare', state: ended(3) }], state: waiting('PodInitializing') }, { kind: 'exited', code: 3 }],
    ['by a container of ours', { init: [{ name: 'keelson-source' }], inits: [{ name: 'keelson-source', state: ended(3, { message: 'no such blob' }) }] }, { cause: 'not-started', fault: 'ours', message: 'preparing the pod failed: no such blob' }],
  ]; // prettier-ignore

  it.each(cases)('%s tells it so', (_what, pod, end) => {
    const { state } = judge(podOf({ status: { phase: 'Failed' }, ...pod }), 10_000);
    expect(state).toMatchObject({ phase: 'ended', end });
  });

  it('is told as soon as its container has ended, before its pod is', () => {
    const { state } = judge(podOf({ state: ended(0), status: { phase: 'Running' } }), 5000);
    expect(state).toEqual({
      ...{ name, phase: 'ended', startedAtMs: createdMs + second, endedAtMs: createdMs + 5 * second },
      end: { kind: 'exited', code: 0 },
    });
  });

  const failures: [string, Pod][] = [
    ['with an exit code', { state: ended(1) }],
    ['by a signal', { state: ended(143) }],
    ['out of its memory', { state: ended(137, { reason: 'OOMKilled' }), main: memory }],
    ['with a limit of disk', { state: ended(1), main: { resources: { limits: { 'ephemeral-storage': '64Mi' } } } }],
    ['by an init container', { init: [{ name: 'prepare' }], inits: [{ name: 'prepare', state: ended(3) }] }],
  ];
  it.each(failures)('%s is told when its pod is: it may have been evicted', (_what, failed) => {
    const pod = podOf({ ...failed, status: { phase: 'Running' } });
    expect(judge(pod, 6000)).toEqual({ state: { name, phase: 'running', startedAtMs: createdMs + second } });
    expect(judge(pod, 14_999, jobOf({ [timeoutAnnotation]: '4000' })).overdue).toBeUndefined();
    expect(judge(pod, 15_000).state).toMatchObject({ phase: 'ended', end: expect.anything() });
    expect(judge(podOf({ ...failed, status: { phase: 'Failed' } }), 6000).state.phase).toBe('ended');
  });

  it('by us has our reason, and how hard it went', () => {
    const killed = podOf({ state: ended(137), status: { phase: 'Failed', reason: 'DeadlineExceeded' } });
    const wentWell = podOf({ state: ended(0), status: { phase: 'Failed', reason: 'DeadlineExceeded' } });
    expect(judge(killed, 9000, byUs(stopped)).state.end).toEqual({ kind: 'signalled', signal: 'SIGKILL' });
    expect(judge(wentWell, 9000, byUs(stopped)).state.end).toEqual(stopped);
    expect(judge(killed, 9000, byUs({ kind: 'timeout' })).state.end).toEqual({ kind: 'timeout' });
    expect(judge(undefined, 9000, byUs(stopped)).state).toMatchObject({ phase: 'ended', end: stopped });
  });

  const unreadable = ['x', '1', '{}', '{"end":null,"atMs":1}', '{"end":{},"atMs":1}'];
  it.each(unreadable)('as nobody can read, %s, is none', (text) => {
    const job = jobOf({ [endAnnotation]: text });
    expect(judge(podOf({ state: running }), 5000, job)).toEqual(judge(podOf({ state: running }), 5000));
    expect(judge(undefined, 5000, job).state.phase).toBe('waiting');
  });

  it('of its own accord just before we ended it keeps its own end', () => {
    const own = podOf({ state: ended(0), status: { phase: 'Succeeded' } });
    expect(judge(own, 9000, byUs(stopped)).state.end).toEqual({ kind: 'exited', code: 0 });
  });

  it('with its pod deleted tells by whom, once it is gone', () => {
    const metadata = { deletionTimestamp: '2026-11-24T10:00:30Z' };
    const taint = { type: 'DisruptionTarget', status: 'True', reason: 'DeletionByTaintManager', message: '' };
    const pod = podOf({ state: running, metadata, status: { phase: 'Running', conditions: [taint] } });
    expect(judge(pod, 32_000).state.phase).toBe('running');
    expect(judge(pod, 33_000).state.end).toMatchObject({ cause: 'node-lost', fault: 'ours' });
    const killed = podOf({ state: ended(143), metadata, status: { phase: 'Failed' } });
    expect(judge(killed, 5000).state.end).toMatchObject({ cause: 'deleted', fault: 'ours' });
    const over = { type: 'Failed', status: 'True', lastTransitionTime: created };
    expect(judge(undefined, 5000, jobOf({}, [over])).state.end).toMatchObject({ cause: 'deleted' });
  });
});
