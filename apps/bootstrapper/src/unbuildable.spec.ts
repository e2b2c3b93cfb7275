import { eventTypes } from '@keelson/events';
import type { Event, Reason } from '@keelson/events';
import { endKey, stageEndedKey } from '@keelson/ledger';
import type { EndRecord } from '@keelson/ledger';
import { toldTwice, typesOf } from '@keelson/testbed';
import { pipeline, World } from './bootstrapper-fixture.contract';
import { freezeSource } from './stage';

describe('a commit that cannot be built', () => {
  let world: World;
  beforeEach(async () => {
    world = await World.open();
  });
  afterEach(() => world.end());

  /** Ends the run, tells so twice the same, and returns its end. */
  async function endOf(commit: string): Promise<Pick<EndRecord, 'outcome'> & Reason> {
    const event = await world.change(commit);
    const told = await toldTwice(freezeSource(world.deps()), event);
    expect(typesOf(told)).toEqual([eventTypes.pipelineRunStarted, eventTypes.pipelineRunFinished]);
    const end = (await world.ledger.read(endKey(event.data.customData.run, 1)))!;
    const { outcome, reason, endedAt } = end;
    expect(told[1]).toMatchObject({ time: endedAt, data: { customData: { outcome, reason } } });
    const ended = await world.ledger.read(stageEndedKey({ ...event.data.customData, stage: 'source' }));
    expect(ended).toMatchObject({ outcome, reason, endedAt });
    expect(world.stored).toEqual([]);
    return { outcome, ...reason! };
  }

  it('is skipped when it has no pipeline file, and says what to do', async () => {
    const end = await endOf(world.commit({ 'README.md': 'nothing to test\n' }));
    expect(end).toMatchObject({ outcome: 'cancel', code: 'skipped' });
    expect(end.message).toContain('keelson init');
  });

  it.each([
    ['is no YAML', 'image: [\n', /^\.keelson\.yaml:\d+:\d+: /],
    ['has a key twice', 'test: none\ntest: none\n', /^\.keelson\.yaml:2:1: .*test/],
    ['has an unknown key', 'test: none\nimgae: {}\n', /^\.keelson\.yaml:2:1: .*imgae.*image/],
    ['names no test', 'image: { name: widget }\n', /^\.keelson\.yaml:1:1: .*test/],
    ['has a value of the wrong kind', 'test:\n  command: ./ci.sh\n', /^\.keelson\.yaml:2:12: .*test\.command/],
    [
      'asks for what needs a cluster',
      "test: { command: [x], services: [{ name: db, image: 'postgres:16', ready: { port: 5432 } }] }\n",
      /^\.keelson\.yaml:1:23: not yet on this column.*cluster/,
    ],
    [
      'asks for a strategy of a cluster',
      'build: { strategy: kaniko }\ntest: none\n',
      /^\.keelson\.yaml:1:10: not yet on this column/,
    ],
    ['is too large', `# ${'x'.repeat(2_000_000)}\ntest: none\n`, /^\.keelson\.yaml is larger than the \d+ KiB/],
  ])('fails when its pipeline file %s, naming the place', async (_what, file, message) => {
    const end = await endOf(world.commit({ '.keelson.yaml': file }));
    expect(end).toMatchObject({ outcome: 'failure', code: 'pipeline-file' });
    expect(end.message).toMatch(message);
  });

  it('names every fault of the file', async () => {
    const { message } = await endOf(world.commit({ '.keelson.yaml': 'image: { base: "!" }\ntest: { comand: [x] }\n' }));
    expect(message.split('\n').map((line) => /^\.keelson\.yaml:(\d+):/.exec(line)?.[1])).toEqual(
      expect.arrayContaining(['1', '2']),
    );
  });

  it('fails when its tree is hostile', async () => {
    const blob = world.git('hash-object', '-w', '.git/config');
    const file = world.commit({ '.keelson.yaml': pipeline });
    const yaml = world.git('rev-parse', `${file}:.keelson.yaml`);
    const inner = mktree(world, [`100644 blob ${blob}\tconfig`]);
    const entries = [`100644 blob ${yaml}\t.keelson.yaml`, `040000 tree ${inner}\t.GIT`];
    const commit = world.git('commit-tree', '-m', 'hostile', mktree(world, entries));
    expect(await endOf(commit)).toMatchObject({
      outcome: 'failure',
      code: 'hostile-tree',
      message: expect.stringContaining('.GIT'),
    });
  });

  it('ends in an error when it is not in its repository any more', async () => {
    world.commit({ '.keelson.yaml': pipeline });
    expect(await endOf('b'.repeat(40))).toMatchObject({ outcome: 'error', code: 'commit-gone' });
  });

  it('ends in an error when its repository is gone', async () => {
    const commit = world.commit({ '.keelson.yaml': pipeline });
    const event = await world.change(commit, { source: `${world.root}/nowhere` });
    const told: readonly Event[] = await toldTwice(freezeSource(world.deps()), event);
    expect(told[1]).toMatchObject({ data: { customData: { outcome: 'error', reason: { code: 'source-gone' } } } });
  });
});

const mktree = (world: World, entries: readonly string[]): string => world.gitWith(`${entries.join('\n')}\n`, 'mktree');
