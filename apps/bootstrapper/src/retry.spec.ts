import { composeEvent, eventTypes, newRunId } from '@keelson/events';
import type { StageName } from '@keelson/events';
import { beginKey, concludeRun, endKey, endOf, endRun, runName, stageEndedKey } from '@keelson/ledger';
import type { StageEnded } from '@keelson/ledger';
import { TerminalError } from '@keelson/stage';
import { eventsOf, toldTwice, typesOf } from '@keelson/testbed';
import { pipeline, unaborted, World } from './bootstrapper-fixture.contract';
import { openAttempt } from './retry';
import type { RunRetried } from './retry';
import { freezeSource } from './stage';
import type { ChangeMerged } from './stage';

describe('another attempt', () => {
  let world: World;
  let change: ChangeMerged;
  beforeEach(async () => {
    world = await World.open();
    change = await world.change(world.commit({ '.keelson.yaml': pipeline }));
  });
  afterEach(() => world.end());

  const digest = `sha256:${'d'.repeat(64)}`;
  const image = { repository: 'localhost:1/widget', digest, tags: ['main-1-abc'] };
  const time = '2026-01-02T04:00:00Z';

  const retried = (attempt: number, from?: StageName): RunRetried => {
    const { run } = change.data.customData;
    const work = { run, attempt, stage: 'source' } as const;
    const customData = { run, attempt, ...(from === undefined ? {} : { from }) };
    return composeEvent({
      type: eventTypes.runRetried,
      work,
      service: 'command',
      subjectId: run,
      content: {},
      customData,
      time,
    });
  };

  /** The first attempt got through everything before this stage, and ended there. */
  async function endedIn(stage: StageName): Promise<void> {
    const { customData: run } = change.data;
    const at = { startedAt: time, endedAt: time };
    if (stage !== 'source') eventsOf(await freezeSource(world.deps())(change, unaborted));
    const built: StageEnded = { stage: 'build', outcome: 'success', ...at, image };
    if (stage === 'publish' || stage === 'test')
      await world.ledger.write(stageEndedKey({ ...run, stage: 'build' }), built);
    const work = { run, stage, service: 'somebody', now: time };
    await concludeRun(world.ledger, work, { stage, outcome: 'error', ...at, reason: { code: 'x', message: 'x' } });
  }

  const opened = async (attempt: number) => {
    const { run } = change.data.customData;
    return world.ledger.read(beginKey(run, attempt));
  };

  it.each([
    ['source', eventTypes.changeMerged],
    ['build', eventTypes.buildQueued],
    ['publish', eventTypes.artifactPackaged],
    ['test', eventTypes.artifactPublished],
  ] as const)('starts at the stage that ended the one before: %s', async (stage, type) => {
    await endedIn(stage);
    const [started, first, ...others] = await toldTwice(openAttempt(world.deps()), retried(2));
    expect(others).toEqual([]);
    const { run } = change.data.customData;
    expect(await opened(2)).toMatchObject({
      ...{ ...change.data.customData, attempt: 2, from: stage, openedBy: 'command', openedAt: time },
      name: runName(run),
    });
    expect(started).toMatchObject({ type: eventTypes.pipelineRunStarted, time, data: { customData: { attempt: 2 } } });
    expect(first).toMatchObject({ type, time, data: { context: { chainId: run } } });
    expect(first?.data.customData).toMatchObject({ ...change.data.customData, attempt: 2 });
    if (stage === 'publish' || stage === 'test')
      expect(first?.data.customData).toMatchObject({ image: { repository: image.repository, digest } });
    expect(await world.ledger.read(endKey(run, 1))).toMatchObject({ attempt: 1, stage }); // the old one stays as it is
  });

  it('starts where it is asked to', async () => {
    await endedIn('test');
    expect(typesOf(await toldTwice(openAttempt(world.deps()), retried(2, 'build')))[1]).toBe(eventTypes.buildQueued);
    expect(await opened(2)).toMatchObject({ from: 'build' });
  });

  it('starts earlier where nothing is there to start from', async () => {
    await endedIn('build');
    expect(typesOf(await toldTwice(openAttempt(world.deps()), retried(2, 'test')))[1]).toBe(eventTypes.buildQueued);
    expect(await opened(2)).toMatchObject({ from: 'build' });
  });

  it('of the source is frozen anew, also when a newer change is known: somebody asked for it', async () => {
    await endedIn('source');
    await world.change(world.commit({}), { sequence: 2 });
    const [started, again] = await toldTwice(openAttempt(world.deps()), retried(2));
    const told = await toldTwice(freezeSource(world.deps()), again as ChangeMerged);
    expect(typesOf(told)).toEqual([eventTypes.pipelineRunStarted, eventTypes.buildQueued]);
    expect(told[0]).toEqual(started);
    expect(told[1]).toMatchObject({ data: { customData: { attempt: 2 } } });
  });

  it('takes what lies before it from the newest attempt that got so far', async () => {
    await endedIn('test');
    const { run } = change.data.customData;
    await toldTwice(openAttempt(world.deps()), retried(2, 'source'));
    const work = {
      run: { ...change.data.customData, attempt: 2 },
      stage: 'source',
      service: 'somebody',
      now: time,
    } as const;
    await endRun(world.ledger, endOf(work, 'error', { code: 'x', message: 'x' }));
    const [, first] = await toldTwice(openAttempt(world.deps()), retried(3, 'test'));
    expect(first).toMatchObject({
      type: eventTypes.artifactPublished,
      data: { customData: { run, attempt: 3, image: { digest } } },
    });
  });

  it('is refused while the one before has not ended, and for a run that is not known', async () => {
    eventsOf(await freezeSource(world.deps())(change, unaborted));
    await expect(openAttempt(world.deps())(retried(2), unaborted)).rejects.toThrow(TerminalError);
    await expect(openAttempt(world.deps())(retried(2), unaborted)).rejects.toThrow(/has not ended/);
    expect(await opened(2)).toBeUndefined();
    const customData = { run: newRunId(), attempt: 2 };
    const unknown = { ...retried(2), data: { ...retried(2).data, customData } };
    await expect(openAttempt(world.deps())(unknown, unaborted)).rejects.toThrow(TerminalError);
  });

  it.each(['test', 'publish'] as const)(
    'of an image from outside, begun at %s, is tested again: it has no source here',
    async (from) => {
      const run = { ...change.data.customData, run: newRunId(), source: image.repository, ref: 'refs/tags/main' };
      run.commit = digest.slice('sha256:'.length);
      const begin = { name: runName(run.run), from, openedBy: 'somebody', openedAt: time } as const;
      await world.ledger.write(beginKey(run.run, 1), { ...run, ...begin });
      await endRun(world.ledger, endOf({ run, stage: 'test', service: 'test-runner', now: time }, 'error'));
      const event = retried(2);
      event.data.customData.run = run.run;
      const [, first] = await toldTwice(openAttempt(world.deps()), event);
      expect(first).toMatchObject({
        type: eventTypes.artifactPublished,
        data: { customData: { run: run.run, attempt: 2, image: { repository: image.repository, digest } } },
      });
    },
  );
});
