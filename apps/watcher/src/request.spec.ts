import { composeEvent, eventTypes, newRunId } from '@keelson/events';
import { runName } from '@keelson/ledger';
import { recordRequest } from './stage';
import type { RunRequested } from './deps';
import { lookAll, unaborted, World } from './watcher-fixture.contract';

describe('a run that somebody asks for', () => {
  let world: World;
  beforeEach(async () => {
    world = await World.open();
  });
  afterEach(() => world.end());
  const ref = 'refs/keelson/worktree';

  const requested = (commit: string, run = newRunId()): RunRequested =>
    composeEvent({
      ...{ type: eventTypes.runRequested, work: { run, attempt: 1, stage: 'source' }, service: 'command' },
      ...{ subjectId: run, content: {}, time: '2026-01-02T03:04:05Z' },
      customData: { run, source: world.repository.path, ref, commit },
    });

  it('is recorded as a change of its own ref, and told the same however often it is asked for', async () => {
    const commit = world.repository.commit('first');
    const stage = recordRequest(await world.deps());
    const event = requested(commit);
    const outcome = await stage(event, unaborted);
    const [change, ...others] = await world.changes(ref);
    const { run } = event.data.customData;
    expect(others).toEqual([]);
    expect(change).toMatchObject({ run, name: runName(run), kind: 'requested', sequence: 1, commit, previous: null });
    expect(outcome).toMatchObject({ kind: 'emit', events: [{ type: eventTypes.changeMerged, time: change!.seenAt }] });
    expect(outcome).toMatchObject({
      events: [{ data: { customData: { run, attempt: 1, ref, commit, sequence: 1 } } }],
    });
    expect(await stage(event, unaborted)).toEqual(outcome);
    expect(await recordRequest(await world.deps())(event, unaborted)).toEqual(outcome);
    expect(await world.changes(ref)).toHaveLength(1);
  });

  it('is told the same also when another one was asked for since', async () => {
    const [first, second] = [requested(world.repository.commit('one')), requested(world.repository.commit('two'))];
    const stage = recordRequest(await world.deps());
    const outcome = await stage(first, unaborted);
    expect(await stage(second, unaborted)).toMatchObject({ events: [{ data: { customData: { sequence: 2 } } }] });
    expect(await stage(first, unaborted)).toEqual(outcome);
    expect(await world.changes(ref)).toHaveLength(2);
  });

  it('waits for its turn when another one is recorded at that very moment', async () => {
    const events = [requested(world.repository.commit('one')), requested(world.repository.commit('two'))];
    const outcomes = await Promise.all(
      events.map(async (event) => recordRequest(await world.deps())(event, unaborted)),
    );
    const stage = recordRequest(await world.deps());
    for (const event of events) expect(await stage(event, unaborted)).toMatchObject({ kind: 'emit' });
    expect(outcomes.map(({ kind }) => kind)).toContain('emit');
    expect((await world.changes(ref)).map(({ run }) => run).sort()).toEqual(
      events.map((event) => event.data.customData.run).sort(),
    );
  });

  it('is no branch of the repository that could be deleted', async () => {
    const commit = world.repository.commit('first');
    await recordRequest(await world.deps())(requested(commit), unaborted);
    expect(await lookAll(await world.watch(['^refs/**']))).toHaveLength(1); // main alone
    expect(await world.changes(ref)).toHaveLength(1);
  });
});
