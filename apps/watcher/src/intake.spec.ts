import { eventTypes } from '@keelson/events';
import { beginKey, endKey, endOf } from '@keelson/ledger';
import { bodyOf, forged, IntakeWorld, refusalOf } from './intake-fixture.contract';
import { lookAll, said, World } from './watcher-fixture.contract';

describe('what outsiders tell the watcher', () => {
  let world: World;
  let intake: IntakeWorld;
  beforeEach(async () => {
    world = await World.open();
    intake = await IntakeWorld.open(world);
  });
  afterEach(() => world.end());

  /** A run of the world's repository that has begun. */
  async function aRun(): Promise<string> {
    world.repository.commit('first');
    const told = await lookAll(intake.observer);
    await world.begin(told);
    return told[0]!.data.context.chainId;
  }
  async function end(run: string): Promise<void> {
    const { record } = await world.ledger.write(beginKey(run, 1), {} as never);
    const work = { run: record, stage: 'test' as const, service: 'test-runner', now: '2026-01-02T03:04:05Z' };
    await world.ledger.write(endKey(run, 1), endOf(work, 'failure'));
  }

  describe('of a change', () => {
    /** The watched repository has moved, and nobody looks by the clock. */
    async function moved(): Promise<string> {
      await lookAll(intake.observer);
      return world.repository.commit('theirs');
    }

    it('is a reason to look: what is told is what the repository says', async () => {
      const { observer } = (intake = await IntakeWorld.open(world, { localIntervalMs: 3_600_000, clock: Date.now }));
      const commit = await moved();
      expect(await lookAll(observer)).toEqual([]);
      const customData = { source: world.repository.path, ref: 'refs/heads/main', commit: 'f'.repeat(40) };
      expect(await intake.told({ type: 'change.merged', customData })).toEqual([]);
      expect((await lookAll(observer)).map(said)).toEqual([`refs/heads/main 1 ${commit}`]);
    });

    it.each(['change.merged', 'branch.created', 'branch.deleted'])('%s needs neither ref nor commit', async (type) => {
      const repository = { id: 'widget', source: `${world.repository.path}/` };
      expect(await intake.told({ type, subject: { id: 'x', content: { repository } } })).toEqual([]);
      expect(intake.logged).toEqual([]);
    });

    it('of somebody else is nothing to us, and logged', async () => {
      const customData = { source: 'https://git.example/team/gadget' };
      expect(await intake.told({ type: 'change.merged', customData })).toEqual([]);
      expect(intake.logged).toEqual(['a change outside of what is watched']);
    });

    it('is refused when it names no repository', async () => {
      expect(await intake.refusal({ type: 'change.merged', customData: 7 })).toMatch(/names no repository/);
    });
  });

  describe('of a result', () => {
    it('is refused for a run of ours: a forged green changes nothing', async () => {
      const run = await aRun();
      const why = await refusalOf(intake.take(Buffer.from(JSON.stringify(forged(run)))));
      expect(why).toMatch(/^testsuiterun\.finished of our run .*only our own services tell of it$/);
      expect(await world.ledger.read(endKey(run, 1))).toBeUndefined();
      const asSubject = { type: 'pipelinerun.finished', subject: { id: `${run}/1`, content: { outcome: 'success' } } };
      expect(await intake.refusal(asSubject)).toContain(`our run ${run}`);
    });

    it.each(['testsuiterun.finished', 'build.finished', 'pipelinerun.started'])(
      '%s is refused for anybody else',
      async (type) => {
        expect(await intake.refusal({ type, chainId: '../../x', subject: { id: '%/\\' } })).toMatch(/no run here/);
      },
    );
  });

  describe('that cannot be', () => {
    it('is refused when it is from the future, but clocks may differ', async () => {
      const customData = { source: world.repository.path };
      const at = (hours: number) => new Date(Date.now() + hours * 3_600_000).toISOString();
      expect(await intake.refusal({ type: 'change.merged', customData, timestamp: at(48) })).toMatch(/is in 48 h/);
      expect(await intake.told({ type: 'change.merged', customData, timestamp: at(0.5) })).toEqual([]);
    });

    it('is refused with the reason, whatever it is', async () => {
      expect(await refusalOf(intake.take(Buffer.alloc(10_000_000)))).toMatch(/^10000000 bytes: an event has at most/);
      expect(await refusalOf(intake.take(Buffer.from('{')))).toMatch(/not JSON/);
      expect(await intake.refusal({ type: 'incident.detected' })).toMatch(/no event type that is taken from outside/);
    });
  });

  describe('of what is to happen to a run', () => {
    it('is asked for as by our own command, and once for each event', async () => {
      const run = await aRun();
      const ask = { type: 'keelson-run.retried', customData: { run, from: 'build' } };
      expect(await intake.refusal(ask)).toMatch(/the one before has not ended/);
      await end(run);
      const told = await intake.told(ask);
      expect(told).toMatchObject([{ type: eventTypes.runRetried, source: '/keelson/watcher' }]);
      expect(told[0]?.data.customData).toEqual({ run, attempt: 2, from: 'build' });
      expect(await intake.told(ask)).toEqual(told);
      const { record } = await world.ledger.write(beginKey(run, 1), {} as never);
      await world.ledger.write(beginKey(run, 2), { ...record, attempt: 2 });
      expect(await intake.told(ask)).toEqual([]);
      expect(await intake.refusal({ ...ask, id: 'event-2' })).toMatch(/attempt 3 of .* the one before has not ended/);
    });

    it('ends the attempt that was there when it came, and no later one', async () => {
      const run = await aRun();
      const ask = { type: 'keelson-run.cancelled', customData: { run } };
      const told = await intake.told(ask);
      expect(told).toMatchObject([{ type: eventTypes.runCancelled, data: { customData: { run } } }]);
      expect(await intake.told(ask)).toEqual(told);
      await end(run);
      const { record } = await world.ledger.write(beginKey(run, 1), {} as never);
      await world.ledger.write(beginKey(run, 2), { ...record, attempt: 2 });
      expect(await intake.told(ask)).toEqual([]);
    });

    it.each([
      ['keelson-run.retried', { run: '01931f0e-7d3a-7cc1-8a5e-1f2e3d4c5b6a' }, /there is no run 01931f0e/],
      ['keelson-run.cancelled', { run: '../../changes' }, /not the id of a run/],
      ['keelson-run.retried', { run: '01931f0e-7d3a-7cc1-8a5e-1f2e3d4c5b6a', from: 'x' }, /from/],
      ['keelson-run.cancelled', undefined, /customData cannot be read/],
    ])('%s is refused: %j', async (type, customData, why) => {
      expect(await intake.refusal({ type, customData })).toMatch(why);
    });
  });

  describe('of what is to be watched', () => {
    it('is asked for as by our own command, with the same id however often it comes', async () => {
      const customData = { source: `${world.repository.path}/`, pattern: 'main' };
      const told = await intake.told({ type: 'keelson-source.watched', customData });
      expect(told).toMatchObject([{ type: eventTypes.sourceWatched, subject: `${world.repository.path}^main` }]);
      expect(told[0]?.data.customData).toEqual({ source: world.repository.path, pattern: 'main' });
      expect(await intake.told({ type: 'keelson-source.watched', customData })).toEqual(told);
      const unwatched = await intake.told({ type: 'keelson-source.unwatched', id: 'event-2', customData });
      expect(unwatched).toMatchObject([{ type: eventTypes.sourceUnwatched }]);
    });

    it('is refused with credentials, which go no further', async () => {
      const customData = { source: 'https://me:secret@git.example/widget' };
      const why = await intake.refusal({ type: 'keelson-source.watched', customData });
      expect(why).toMatch(/git\.example\/widget was named with credentials/);
      expect(why).not.toContain('secret');
    });
  });

  it('is the same event only by source and id together', async () => {
    const run = await aRun();
    await end(run);
    const ask = { type: 'keelson-run.retried', customData: { run } };
    const [one, other] = [await intake.told(ask), await intake.told({ ...ask, source: 'elsewhere' })];
    expect(one.map(({ data }) => data.customData)).toEqual(other.map(({ data }) => data.customData));
    expect(bodyOf(ask).toString()).toContain(run);
    const kept = await world.ledger.store.listSegments('inbox/');
    expect(kept).toEqual(['elsewhere/', 'https%3A%2F%2Fci.example/']);
  });
});
