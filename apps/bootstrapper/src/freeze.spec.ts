import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { eventTypes, newRunId } from '@keelson/events';
import type { EventOf } from '@keelson/events';
import { worktreeCommit, openRepository } from '@keelson/git';
import { beginKey, endKey, planKey, runName, stageEndedKey } from '@keelson/ledger';
import { planSchema } from '@keelson/pipeline';
import { parseImageReference } from '@keelson/registry';
import { eventsOf, toldTwice, typesOf } from '@keelson/testbed';
import { pipeline, unaborted, World } from './bootstrapper-fixture.contract';
import { freezeSource } from './stage';

describe('freezing a source', () => {
  let world: World;
  beforeEach(async () => {
    world = await World.open();
  });
  afterEach(() => world.end());

  it('says once that another repository of that name makes images of the same name', async () => {
    const commit = world.commit({ '.keelson.yaml': 'test: { command: ["./ci.sh"] }\n' });
    const [deps, copy] = [world.deps(), path.join(world.root, 'other', 'widget')];
    const freeze = freezeSource(deps);
    eventsOf(await freeze(await world.change(commit), unaborted));
    expect(world.notices).toEqual([]);
    world.git('clone', '-q', world.source, copy);
    for (const sequence of [1, 2])
      eventsOf(await freeze(await world.change(commit, { source: copy, sequence }), unaborted));
    expect(world.notices).toEqual([expect.stringContaining(`as are those of ${world.source}`)]);
  });

  it('pushes the snapshot, writes the plan, and asks for the build', async () => {
    const commit = world.commit({ '.keelson.yaml': pipeline, 'ci.sh': 'exit 0\n' }, 'A subject');
    const event = await world.change(commit);
    const { run, source, ref } = event.data.customData;
    const deps = world.deps();
    const [started, queued, ...others] = eventsOf(await freezeSource(deps)(event, unaborted));
    expect(others).toEqual([]);
    const begin = await world.ledger.read(beginKey(run, 1));
    expect(begin).toMatchObject({ run, attempt: 1, name: runName(run), from: 'source', openedBy: 'bootstrapper' });
    expect(started).toMatchObject({ type: eventTypes.pipelineRunStarted, time: begin?.openedAt });
    const plan = await world.ledger.read(planKey(run, planSchema));
    expect(plan).toMatchObject({ run, source, ref, commit, sequence: 1, subject: 'A subject', warnings: [] });
    expect(plan).toMatchObject({ commitTime: '2023-11-14T22:14:20Z', pipeline: { image: { name: 'widget' } } });
    const { reference, digest } = plan!.snapshot;
    expect(reference).toBe(`${world.registry}/widget-source@${digest}`);
    expect(queued).toMatchObject({
      type: eventTypes.buildQueued,
      data: { customData: { snapshot: { reference, digest } } },
    });
    const ended = await world.ledger.read(stageEndedKey({ run, attempt: 1, stage: 'source' }));
    expect(ended).toMatchObject({ outcome: 'success', snapshot: { reference, digest }, endedAt: queued?.time });
    const manifest = await deps.client.manifest(parseImageReference(reference), unaborted);
    expect(JSON.parse(Buffer.from(manifest.bytes).toString())).toMatchObject({
      artifactType: 'application/vnd.keelson.source.v1',
      annotations: {
        'org.opencontainers.image.source': source,
        'org.opencontainers.image.revision': commit,
        'org.opencontainers.image.ref.name': ref,
        'org.opencontainers.image.created': '2023-11-14T22:14:20Z',
      },
    });
    expect(await world.ledger.read(endKey(run, 1))).toBeUndefined();
  });

  it('tells the same when it is asked again, also by another process', async () => {
    const event = await world.change(world.commit({ '.keelson.yaml': pipeline }));
    const told = await toldTwice(freezeSource(world.deps()), event);
    expect(typesOf(told)).toEqual([eventTypes.pipelineRunStarted, eventTypes.buildQueued]);
    const before = world.stored.length;
    expect(await toldTwice(freezeSource(world.deps()), event)).toEqual(told);
    expect(world.stored).toHaveLength(before);
  });

  it('tells the same also when it died before its end was recorded', async () => {
    const event = await world.change(world.commit({ '.keelson.yaml': pipeline }));
    const { run } = event.data.customData;
    const told = await toldTwice(freezeSource(world.deps()), event);
    await world.ledger.store.delete(stageEndedKey({ run, attempt: 1, stage: 'source' }).path);
    const plan = await world.ledger.read(planKey(run, planSchema));
    const again = await toldTwice(freezeSource(world.deps()), event);
    expect(again.map(({ id }) => id)).toEqual(told.map(({ id }) => id));
    expect(again[0]).toEqual(told[0]);
    expect(await world.ledger.read(planKey(run, planSchema))).toEqual(plan);
  });

  it('uploads nothing but the manifest for a tree that is there already', async () => {
    const first = await world.change(world.commit({ '.keelson.yaml': pipeline, 'ci.sh': 'exit 0\n' }, 'one'));
    eventsOf(await freezeSource(world.deps())(first, unaborted));
    const second = await world.change(world.commit({}, 'two'), { sequence: 2 });
    world.stored.splice(0);
    eventsOf(await freezeSource(world.deps())(second, unaborted));
    const plans = await Promise.all(
      [first, second].map((event) => world.ledger.read(planKey(event.data.customData.run, planSchema))),
    );
    expect(plans[1]?.snapshot.layer).toEqual(plans[0]?.snapshot.layer);
    expect(plans[1]?.snapshot.digest).not.toBe(plans[0]?.snapshot.digest);
    expect(world.stored.filter((key) => !key.includes(plans[1]!.snapshot.digest.slice(7)))).toEqual([]);
  });

  it('makes one snapshot of one commit, whichever run it is of', async () => {
    const commit = world.commit({ '.keelson.yaml': pipeline });
    const snapshots = [];
    for (const sequence of [1, 2]) {
      const [, queued] = eventsOf(
        await freezeSource(world.deps())(await world.change(commit, { sequence }), unaborted),
      );
      snapshots.push((queued as EventOf<typeof eventTypes.buildQueued>).data.customData.snapshot);
    }
    expect(snapshots[1]).toEqual(snapshots[0]);
  });

  it('freezes a working copy with what is not committed', async () => {
    world.commit({ '.keelson.yaml': 'image: { name: committed }\ntest: none\n' });
    const run = newRunId();
    writeFileSync(path.join(world.source, '.keelson.yaml'), pipeline);
    const directory = path.join(world.root, 'worktrees', run);
    const { commit } = await worktreeCommit(await openRepository(world.source), { dirty: true, directory });
    const event = await world.change(commit, { run, ref: 'refs/keelson/worktree' });
    eventsOf(await freezeSource(world.deps())(event, unaborted));
    expect(await world.ledger.read(planKey(run, planSchema))).toMatchObject({
      commit,
      pipeline: { image: { name: 'widget' } },
    });
  });

  it('warns of what in the source is not what it seems', async () => {
    const pointer = `version https://git-lfs.github.com/spec/v1\noid sha256:${'a'.repeat(64)}\nsize 12345\n`;
    const event = await world.change(world.commit({ '.keelson.yaml': pipeline, 'big.bin': pointer }));
    await toldTwice(freezeSource(world.deps()), event);
    expect(world.notices).toEqual([expect.stringContaining('big.bin')]);
    const ended = await world.ledger.read(stageEndedKey({ ...event.data.customData, stage: 'source' }));
    expect(ended?.warnings).toEqual(world.notices);
  });
});
