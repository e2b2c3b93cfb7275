import { byUs, ended, judge, podOf, stopped } from './judge-fixture.contract';
import type { Pod } from './judge-fixture.contract';

describe('a job whose pod the cluster takes away', () => {
  /** Its containers end at 10:00:05. */
  const deleted = { deletionTimestamp: '2026-11-24T10:00:34Z', deletionGracePeriodSeconds: 30 };
  const deletedLater = { ...deleted, deletionTimestamp: '2026-11-24T10:00:37Z' };
  const disrupted = (reason: string, at = '04') => ({
    conditions: [{ type: 'DisruptionTarget', status: 'True', reason, lastTransitionTime: `2026-11-24T10:00:${at}Z` }],
  });
  const drained = { phase: 'Running', ...disrupted('EvictionByEvictionAPI') };
  const lowOn = { reason: 'Evicted', message: 'The node was low on resource: memory.' };
  // The kubelet tells the condition with the phase, and its time is that. Where all have ended by 0 the phase is Succeeded, without a reason.
  const byKubelet = disrupted('TerminationByKubelet', '06');
  const taken = (cause: string) => ({ kind: 'cluster', cause, fault: 'ours' });
  const cases: [string, Pod, object][] = [
    ['and that answers by 0', { state: ended(0), metadata: deleted, status: { phase: 'Running' } }, taken('deleted')],
    ['and that answers by 2', { state: ended(2), metadata: deleted, status: { phase: 'Running' } }, taken('deleted')],
    ['and that answers by SIGTERM', { state: ended(143), metadata: deleted, status: { phase: 'Running' } }, taken('deleted')],
    ['and whose phase is told', { state: ended(0), metadata: deleted, status: { phase: 'Succeeded' } }, taken('deleted')],
    ['from a machine that is emptied', { state: ended(0), metadata: deleted, status: drained }, taken('evicted')],
    ['well after it ended well', { state: ended(0), metadata: deletedLater, status: { phase: 'Succeeded' } }, { kind: 'exited', code: 0 }],
    ['well after it failed', { state: ended(2), metadata: deletedLater, status: { phase: 'Failed' } }, { kind: 'exited', code: 2 }],
    ['well after it was killed', { state: ended(137), metadata: deletedLater, status: { phase: 'Failed' } }, { kind: 'signalled' }],
    ['by its machine, answering by 0', { state: ended(0), status: { phase: 'Succeeded', ...byKubelet } }, taken('evicted')],
    ['by its machine, answering by 2', { state: ended(2), status: { phase: 'Failed', ...lowOn, ...byKubelet } }, taken('evicted')],
    ['by its machine, with a reason, answering by 0', { state: ended(0), status: { phase: 'Failed', ...lowOn, ...byKubelet } }, taken('evicted')],
    ['by nobody in the end', { state: ended(0), status: { ...drained, phase: 'Succeeded' } }, { kind: 'exited', code: 0 }],
  ]; // prettier-ignore

  it.each(cases)('%s tells it so', (_what, pod, end) => {
    expect(judge(podOf(pod), 9000).state).toMatchObject({ phase: 'ended', end });
  });

  it('was ended by us where we did so', () => {
    const pod = podOf({ state: ended(0), metadata: deleted, status: { phase: 'Running' } });
    expect(judge(pod, 9000, byUs(stopped)).state.end).toEqual(stopped);
  });
});
