import { eventTypes } from '@keelson/events';
import { endKey, imageKey, openKey, stageEndedKey, stageStartedKey } from '@keelson/ledger';
import { formatImageReference, imageConfig, parseImageReference, parseManifest } from '@keelson/registry';
import { TerminalError } from '@keelson/stage';
import { eventsOf, toldTwice, typesOf } from '@keelson/testbed';
import { ref, sha1, source, tagsOf, unaborted, World } from './builder-fixture.contract';
import type { BuildQueued } from './deps';
import { buildImage } from './stage';

describe('building an image', () => {
  let world: World;
  beforeEach(async () => {
    world = await World.open();
  });
  afterEach(() => world.end());
  const order = [eventTypes.buildStarted, eventTypes.buildFinished, eventTypes.artifactPackaged];
  const ended = ({ data }: BuildQueued) => world.ledger.read(stageEndedKey({ ...data.customData, stage: 'build' }));

  async function imageOf({ repository, digest }: { repository: string; digest: string }) {
    const reference = parseImageReference(`${repository}@${digest}`);
    const parsed = parseManifest(await world.client.manifest(reference, unaborted));
    const layers = parsed.kind === 'image' ? parsed.manifest.layers.length : undefined;
    return { layers, ...(await imageConfig(world.client, { reference }, unaborted)) };
  }

  it('puts the snapshot on nothing, pushes it under its own tag, and tells so', async () => {
    const event = await world.frozen();
    const { run, commit } = event.data.customData;
    const told = await toldTwice(buildImage(world.deps()), event);
    expect(typesOf(told)).toEqual(order);
    const { image, startedAt, endedAt, outcome } = (await ended(event))!;
    const { immutable, moving } = tagsOf(event);
    expect({ outcome, image }).toMatchObject({ outcome: 'success', image: { tags: [immutable] } });
    expect(image?.repository).toBe(`${world.registry}/widget`);
    expect(told.map(({ time }) => time)).toEqual([startedAt, endedAt, endedAt]);
    expect((await world.ledger.read(stageStartedKey({ run, attempt: 1, stage: 'build' })))?.startedAt).toBe(startedAt);
    expect(told[2]?.data.customData).toMatchObject({
      image: { repository: image?.repository, digest: image?.digest, tag: immutable },
    });
    expect(told[2]?.data.subject.content).toEqual({ change: { id: commit, source } });
    expect(await world.tagged(immutable)).toBe(image?.digest);
    expect(await world.tagged(moving)).toBeUndefined(); // the leader moves it
    expect(await imageOf(image!)).toMatchObject({
      ...{ layers: 1, workdir: '/src' },
      labels: {
        'org.opencontainers.image.source': source,
        'org.opencontainers.image.revision': commit,
        'org.opencontainers.image.ref.name': ref,
        'org.opencontainers.image.created': '2023-11-14T22:14:20Z',
      },
    });
  });

  it('puts it on a base image, and remembers its digest', async () => {
    const base = await world.image('debian', { config: { created: '2020-01-01T00:00:00Z', env: { LEVEL: 'base' } } });
    const event = await world.frozen({ base });
    await toldTwice(buildImage(world.deps()), event);
    const { image, build } = (await ended(event))!;
    const reference = parseImageReference(base);
    const digest = (await world.client.head(reference, unaborted))?.digest;
    expect(build).toEqual({
      strategy: 'append',
      steps: [],
      bases: [{ reference: formatImageReference(reference), digest }],
    });
    expect(await imageOf(image!)).toMatchObject({ layers: 2, env: expect.arrayContaining(['LEVEL=base']) });
  });

  it('tells the same to another process, and makes nothing again', async () => {
    const event = await world.frozen();
    const told = await toldTwice(buildImage(world.deps()), event);
    const stored: string[] = [];
    world.beforeStored = (key) => Promise.resolve(void stored.push(key));
    await world.ledger.close(openKey('image-builder', { ...event.data.customData, stage: 'build' }));
    expect(await toldTwice(buildImage(world.deps()), event)).toEqual(told);
    expect(stored).toEqual([]);
    expect(await world.ledger.open('image-builder')).toEqual([]); // the tag has been moved long since
  });

  it('makes the same image of the same commit in another run', async () => {
    const base = await world.image('debian');
    const commit = sha1('one commit');
    const digests = [];
    for (const sequence of [1, 2]) {
      const event = await world.frozen({ sequence, base, commit });
      eventsOf(await buildImage(world.deps())(event, unaborted));
      digests.push((await ended(event))?.image?.digest);
    }
    expect(digests[0]).toMatch(/^sha256:/);
    expect(digests[1]).toBe(digests[0]);
  });

  it('makes the same image after a crash that left it pushed and not recorded', async () => {
    const event = await world.frozen();
    const told = await toldTwice(buildImage(world.deps()), event);
    await world.ledger.store.delete(stageEndedKey({ ...event.data.customData, stage: 'build' }).path);
    const again = await toldTwice(buildImage(world.deps()), event);
    expect(again.map(({ id }) => id)).toEqual(told.map(({ id }) => id));
    expect(again[0]).toEqual(told[0]); // it began when it first began
  });

  it('records the image as ours before any tag points at it', async () => {
    const event = await world.frozen();
    const { run } = event.data.customData;
    const known: (readonly string[])[] = [];
    world.beforeStored = async (key) => {
      if (!key.includes('widget/_tags/')) return;
      const [digest] = await manifestsIn();
      known.push(await world.ledger.runsOfImage(digest!));
    };
    const manifestsIn = async () => {
      const image = (await world.ledger.store.listSegments('images/')).at(0) ?? 'none/';
      const digests = await world.ledger.store.listSegments(`images/${image}`);
      return digests.map((digest) => decodeURIComponent(digest.replace(/\/$/, '')));
    };
    const [, , packaged] = eventsOf(await buildImage(world.deps())(event, unaborted));
    expect(known).toEqual([[run]]);
    const { digest, repository } = (packaged?.data.customData as { image: { digest: string; repository: string } })
      .image;
    expect(await world.ledger.read(imageKey(repository, digest, run))).toEqual({ run, attempt: 1, repository, digest });
  });

  it('does not begin when a newer change is known, and ends the run as superseded', async () => {
    const event = await world.frozen();
    await world.frozen({ sequence: 2 });
    expect(typesOf(await toldTwice(buildImage(world.deps()), event))).toEqual([eventTypes.pipelineRunFinished]);
    const end = await world.ledger.read(endKey(event.data.customData.run, 1));
    expect(end).toMatchObject({ outcome: 'cancel', stage: 'build', reason: { code: 'superseded' } });
    expect(await world.tagged(tagsOf(event).immutable)).toBeUndefined();
  });

  it('gives up at once on a run without a plan', async () => {
    const event = await world.frozen();
    await world.ledger.store.delete(`runs/${event.data.customData.run}/plan.json`);
    await expect(buildImage(world.deps())(event, unaborted)).rejects.toThrow(TerminalError);
  });

  it('leaves everything open when it is stopped in the middle', async () => {
    const event = await world.frozen();
    const stopping = new AbortController();
    stopping.abort(new Error('the service stops'));
    await expect(buildImage(world.deps())(event, stopping.signal)).rejects.toThrow();
    expect(await ended(event)).toBeUndefined();
    expect(await world.ledger.read(endKey(event.data.customData.run, 1))).toBeUndefined();
  });
});
