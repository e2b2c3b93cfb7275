import { eventTypes } from '@keelson/events';
import { beginKey, endKey, Ledger } from '@keelson/ledger';
import type { ObjectStore } from '@keelson/objects';
import { typesOf } from '@keelson/testbed';
import { cancelled } from './cancelled.contract';
import { World } from './runner-fixture.contract';
import { cancelRun } from './stage';

/** A ledger on this store that has something else happen before its so-manieth step. */
function interrupted(store: ObjectStore, step: number, happen: () => Promise<void>): Ledger {
  let steps = 0;
  const before = async () => {
    steps += 1;
    if (steps === step) await happen();
  };
  return new Ledger({
    put: (...args) => before().then(() => store.put(...args)),
    get: (...args) => before().then(() => store.get(...args)),
    head: (key) => store.head(key),
    list: (...args) => store.list(...args),
    listSegments: (prefix) => before().then(() => store.listSegments(prefix)),
    delete: (key) => before().then(() => store.delete(key)),
  });
}

describe('a test that ended in an error of ours', () => {
  let world: World;
  beforeEach(async () => {
    world = await World.open();
  });
  afterEach(() => world.end());

  it('leaves no attempt open when its run is cancelled at any moment of its conclusion', async () => {
    const moments = new Set<number>();
    for (let moment = 1; moment <= moments.size + 1; moment += 1) {
      const { run } = await world.queued('kill -KILL $$', { sequence: moment });
      const runner = world.process();
      const ended = await runner.seen('ended');
      const cancel = cancelRun(world.deps({ jobs: undefined as never }));
      runner.deps.ledger = interrupted(world.ledger.store, moment, async () => {
        moments.add(moment);
        await cancel(cancelled(run), runner.signal);
      });
      await runner.report(ended);
      await runner.observer.mark(ended);
      if (!moments.has(moment)) break;
      const last = (await world.ledger.attempts(run)).at(-1)!;
      expect({ moment, end: (await world.ledger.read(endKey(run, last)))?.outcome }).toEqual({ moment, end: 'cancel' });
    }
    expect(moments.size).toBeGreaterThan(5);
  });

  it('tells that the next attempt has begun, and the same after a crash', async () => {
    const { run } = await world.queued('kill -KILL $$');
    const runner = world.process();
    const told = await runner.report(await runner.seen('ended'));
    expect(typesOf(told)).toEqual([
      ...[eventTypes.testSuiteRunFinished, eventTypes.pipelineRunFinished, eventTypes.pipelineRunStarted],
    ]);
    const begin = await world.ledger.read(beginKey(run, 2));
    expect(told[2]).toMatchObject({ time: begin?.openedAt, data: { subject: { id: `${run}/2` } } });
    const again = await world.process().seen('told');
    expect(await world.process().report(again)).toEqual(told);
  });
});
