import { podObject } from './kube-objects';
import { waitingFor } from './waiting-pod';

const graces = { stopGraceMs: 2000, startMs: 600_000, pullMs: 60_000, scheduleMs: 120_000, refusalMs: 20_000 };
const untaken = (message: string) =>
  podObject.parse({
    metadata: { name: '0-1-test-abcde' },
    spec: { containers: [{ name: 'main' }] },
    status: { conditions: [{ type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message }] },
  });

describe('a pod that no machine takes', () => {
  it.each([
    ['is full', '0/1 nodes are available: 1 Insufficient memory. preemption: 0/1 nodes are available: 1 No preemption victims found for incoming pod.'],
    ['has its devices in use', '0/1 nodes are available: 1 Insufficient nvidia.com/gpu.'],
    ['has as many pods as it may', '0/1 nodes are available: 1 Too many pods.'],
    ['is being emptied', '0/1 nodes are available: 1 node(s) were unschedulable.'],
    ['is not there yet', 'no nodes available to schedule pods'],
    ['is not ready', '0/1 nodes are available: 1 node(s) had untolerated taint {node.kubernetes.io/not-ready: }.'],
    ['is being set up', '0/1 nodes are available: 1 node(s) had untolerated taint {node.cloudprovider.kubernetes.io/uninitialized: true}.'],
    ['is full, beside others of another kind', "0/3 nodes are available: 1 Insufficient cpu, 2 node(s) didn't match Pod's node affinity/selector."],
  ])('because the one that could %s may be taken later', (_what, message) => {
    expect(waitingFor(untaken(message), graces).end).toMatchObject({ cause: 'unschedulable', fault: 'ours' });
  }); // prettier-ignore

  it.each([
    ['is of the kind asked for', "0/1 nodes are available: 1 node(s) didn't match Pod's node affinity/selector."],
    ['is for anybody', '0/1 nodes are available: 1 node(s) had untolerated taint {dedicated: gpu}.'],
    ['is for anybody, in the words of 1.34', '0/1 nodes are available: 1 node(s) had untolerated taint(s).'],
  ])('because none %s asks for what is not there', (_what, message) => {
    expect(waitingFor(untaken(message), graces).end).toMatchObject({ cause: 'unschedulable', fault: 'user' });
  });
});
