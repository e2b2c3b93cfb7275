import { eventTypes } from '@keelson/events';
import { endKey, stageEndedKey } from '@keelson/ledger';
import { formatPlatform, hostPlatform, parseImageReference, pushSnapshot } from '@keelson/registry';
import { eventsOf, toldTwice, typesOf } from '@keelson/testbed';
import { unaborted, World } from './builder-fixture.contract';
import type { BuildQueued } from './deps';
import { buildImage } from './stage';

describe('an image that cannot be built', () => {
  let world: World;
  beforeEach(async () => {
    world = await World.open();
  });
  afterEach(() => world.end());
  const endOf = ({ data }: BuildQueued) => world.ledger.read(endKey(data.customData.run, 1));

  /** Ends the run, tells so twice the same, and returns how. */
  async function failed(event: BuildQueued) {
    const told = await toldTwice(buildImage(world.deps()), event);
    expect(typesOf(told)).toEqual([eventTypes.buildStarted, eventTypes.buildFinished, eventTypes.pipelineRunFinished]);
    const end = (await endOf(event))!;
    const ended = await world.ledger.read(stageEndedKey({ ...event.data.customData, stage: 'build' }));
    expect(ended).toMatchObject({ outcome: end.outcome, reason: end.reason, endedAt: end.endedAt });
    expect(told[1]).toMatchObject({
      time: end.endedAt,
      data: { customData: { outcome: end.outcome, reason: end.reason } },
    });
    expect(end.stage).toBe('build');
    return { outcome: end.outcome, ...end.reason! };
  }

  it('fails when its base is not there, and names it', async () => {
    const base = `${world.registry}/nowhere:1`;
    expect(await failed(await world.frozen({ base }))).toMatchObject({
      ...{ outcome: 'failure', code: 'base-not-found', message: expect.stringContaining(base) },
    });
  });

  it('fails when its base needs a login that we do not have', async () => {
    const private_ = await world.listen((_request, response) => {
      response.writeHead(401, { 'www-authenticate': 'Basic realm="private"' }).end();
    });
    expect(await failed(await world.frozen({ base: `${private_}/base:1` }))).toMatchObject({
      ...{ outcome: 'failure', code: 'registry-login', message: expect.stringContaining(private_) },
    });
  });

  it('fails when its base is there for another platform alone', async () => {
    const base = await world.image('other', { platform: { os: 'linux', architecture: 'riscv64' } });
    const lone = await failed(await world.frozen({ base }));
    expect(lone).toMatchObject({ outcome: 'failure', code: 'base-platform' });
    expect(lone.message).toContain('linux/riscv64');
    const { digest, mediaType, sizeBytes } = (await world.client.head(parseImageReference(base), unaborted))!;
    const platform = { os: 'linux', architecture: 'riscv64' };
    const indexType = 'application/vnd.oci.image.index.v1+json';
    const manifests = [{ mediaType, digest, size: sizeBytes, platform }];
    const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: indexType, manifests }));
    const index = `${world.registry}/other:index`;
    await world.client.putManifest(parseImageReference(index), { mediaType: indexType, bytes }, unaborted);
    const listed = await failed(await world.frozen({ base: index, sequence: 2 }));
    expect(listed).toMatchObject({ outcome: 'failure', code: 'base-platform' });
    expect(listed.message).toContain(formatPlatform(hostPlatform()));
  });

  it('fails when its base is no image', async () => {
    const empty = Buffer.from('');
    const digest = 'sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';
    async function* open() {
      yield empty;
      await Promise.resolve();
    }
    const layer = { digest, diffId: digest, sizeBytes: 0, mediaType: 'application/octet-stream', open };
    const artefact = {
      repository: `${world.registry}/chart`,
      artifactType: 'application/x-chart',
      annotations: {},
      tag: '1',
    };
    await pushSnapshot(world.client, { ...artefact, layer, signal: unaborted });
    expect(await failed(await world.frozen({ base: `${world.registry}/chart:1` }))).toMatchObject({
      ...{ outcome: 'failure', code: 'base-unsupported' },
    });
  });

  it.each(['scratch', 'a base'])(
    'ends in an error when the snapshot is gone, on %s: the user has no fault in that',
    async (on) => {
      const base = on === 'scratch' ? on : await world.image('debian');
      const event = await world.frozen({ base });
      const { repository } = parseImageReference(event.data.customData.snapshot.reference);
      const plan = JSON.parse(
        Buffer.from((await world.ledger.store.get(`runs/${event.data.customData.run}/plan.json`))!).toString(),
      ) as { snapshot: { layer: { digest: string } } };
      const url = `http://${world.registry}/v2/${repository}/blobs/${plan.snapshot.layer.digest}`;
      expect((await fetch(url, { method: 'DELETE' })).status).toBe(202);
      expect(await failed(event)).toMatchObject({ outcome: 'error', code: 'snapshot-gone' });
    },
  );

  it('waits for a registry that is in trouble, and ends in an error when it stays so', async () => {
    let isWell = false;
    const through = await world.listen((request, response) => {
      if (!isWell) return void response.writeHead(500).end();
      response.writeHead(307, { location: `http://${world.registry}${request.url}` }).end();
    });
    const waits = await world.frozen({ base: `${through}/debian:1` });
    const stage = buildImage(world.deps());
    expect(await stage(waits, unaborted)).toMatchObject({
      kind: 'again',
      after: '1s',
      because: expect.stringContaining('500'),
    });
    expect(world.notices[0]).toMatch(/^waiting: /);
    expect(await endOf(waits)).toBeUndefined();
    world.laterMs = 400_000;
    expect(await stage(waits, unaborted)).toMatchObject({ kind: 'again', after: '1m' });
    world.laterMs = 700_000;
    expect(await failed(waits)).toMatchObject({ outcome: 'error', code: 'unavailable' });
    isWell = true;
    expect(typesOf(await toldTwice(stage, waits))).toContain(eventTypes.pipelineRunFinished); // what is told stays told
  });

  it('goes on when the registry is well again', async () => {
    const event = await world.frozen();
    let troubles = 0;
    world.beforeStored = () => {
      troubles += 1;
      return troubles < 3 ? Promise.reject(new Error('the disk is away')) : Promise.resolve();
    };
    const stage = buildImage(world.deps());
    expect(await stage(event, unaborted)).toMatchObject({ kind: 'again' });
    world.beforeStored = () => Promise.resolve();
    expect(typesOf(eventsOf(await stage(event, unaborted)))).toContain(eventTypes.artifactPackaged);
  });

  it('for want of a cluster says so, and ends the run', async () => {
    const event = await world.frozen({ build: { strategy: 'buildkit' } });
    expect(await failed(event)).toMatchObject({ outcome: 'failure', code: 'needs-cluster' });
  });
});
