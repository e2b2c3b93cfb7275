import { eventTypes } from '@keelson/events';
import { beginKey, endKey, openKey } from '@keelson/ledger';
import { World } from './runner-fixture.contract';

describe('a test after an error of ours', () => {
  let world: World;
  beforeEach(async () => {
    world = await World.open();
  });
  afterEach(() => world.end());

  it('is tried again on the same image, its begin record naming the test', async () => {
    const run = await world.queued('[ $KEELSON_ATTEMPT = 2 ] || kill -KILL $$');
    const runner = world.process();
    await runner.until('the first attempt has ended', async () => !!(await world.ledger.read(endKey(run.run, 1))));
    expect(await world.ledger.read(beginKey(run.run, 2))).toMatchObject({ from: 'test', openedBy: 'test-runner' });
    const open = await world.ledger.read(openKey('test-runner', { run: run.run, attempt: 2, stage: 'test' }));
    expect(open?.event).toMatchObject({
      type: eventTypes.artifactPublished,
      data: { customData: { ...run, attempt: 2 } },
    });
    world.laterMs = 60_000;
    await runner.idle();
    expect(await world.ledger.read(endKey(run.run, 2))).toMatchObject({ outcome: 'success' });
  });
});
