import path from 'node:path';
import { builderSettings } from '@keelson/builders';
import { newRunId } from '@keelson/events';
import { buildVerifiedKey, openKey, viewRun } from '@keelson/ledger';
import { mediaTypes, parseImageReference } from '@keelson/registry';
import { until, WorkProcess } from '@keelson/work-testing';
import { buildKind } from './build-kind';
import { tagsOf, unaborted, World } from './builder-fixture.contract';
import type { BuildQueued, BuildWork } from './deps';
import { recordedBuilders } from './recorded-builders.contract';
import { buildImage } from './stage';
import { isChosen } from './verify-choice';
import { VerifyObserver } from './verify-observer';

const image = `registry.example/builder@sha256:${'1'.repeat(64)}`;
const builders = builderSettings.parse({ helperImage: image, kaniko: { image } });

describe('which builds are made again without cache', () => {
  it('is decided by the run, the same each time', () => {
    for (let count = 0; count < 100; count += 1) {
      const run = newRunId();
      expect(isChosen(run, 0.5)).toBe(isChosen(run, 0.5));
      expect([isChosen(run, 0), isChosen(run, 1)]).toEqual([false, true]);
      if (isChosen(run, 0.2)) expect(isChosen(run, 0.7)).toBe(true);
    }
  });

  it('comes to the share asked for', () => {
    const runs = Array.from({ length: 20_000 }, (_, at) => `run ${at}`);
    const chosen = runs.filter((run) => isChosen(run, 0.01)).length;
    expect(chosen).toBeGreaterThan(150);
    expect(chosen).toBeLessThan(250);
  });
});

describe('a build that is made again without cache', () => {
  let world: World;
  let processes: ReturnType<typeof recordedBuilders>['processes'];
  let exit = 0;
  let told: unknown[];
  beforeEach(async () => {
    world = await World.open();
    exit = 0;
    told = [];
  });
  afterEach(async () => {
    await processes.close();
    await world.end();
  });

  /** Builds it with cache, as the service does, from these files. */
  async function built(files: Record<string, string>, verify = 1) {
    const recorded = recordedBuilders(path.join(world.root, 'jobs'), () => ({ tool: 'kaniko', name: 'cold', exit }));
    processes = recorded.processes;
    const work: BuildWork = {
      ...{ jobs: recorded.jobs, limit: 2, cancelRunning: true, retryDelaysMs: [], warn: () => undefined, builders },
      verified: (build) => void told.push(build),
    };
    const deps = { ...world.deps({ work }), work };
    const event = await world.frozen({ build: { strategy: 'kaniko', cache: { mode: 'registry', verify } } });
    const layers = await world.layers({ base: '1' }, files);
    await world.image('widget', {
      layers,
      target: { repository: `${world.registry}/widget`, tags: [tagsOf(event).immutable] },
    });
    const { ledger, clock } = deps;
    const observed = new WorkProcess<BuildQueued>({ ...work, ledger, clock }, processes, buildKind(deps));
    await buildImage(deps)(event, unaborted);
    await observed.idle();
    return { event, deps, asked: recorded.asked, observer: new VerifyObserver(deps) };
  }

  const nameOf = ({ data }: BuildQueued) => `${world.registry}/keelson-cache/widget-verified:${data.customData.run}`;

  /** As the second builder does. */
  const pushAgain = async (event: BuildQueued, files: Record<string, string>) =>
    world.image('x', {
      layers: await world.layers({ base: '1' }, files),
      target: { repository: nameOf(event).replace(/:[^:]*$/, ''), tags: [event.data.customData.run] },
    });

  async function look(observer: VerifyObserver): Promise<string[]> {
    const states = await observer.list();
    for (const state of states) {
      expect(await observer.report(state, unaborted)).toEqual([]);
      await observer.mark(state);
    }
    return states.map(({ kind }) => kind);
  }

  const verified = ({ data }: BuildQueued) => world.ledger.read(buildVerifiedKey(data.customData));

  async function over(observer: VerifyObserver, event: BuildQueued) {
    await until('it is compared', async () => {
      await look(observer);
      return (await verified(event)) !== undefined;
    });
    return verified(event);
  }

  it('by the same builder, into a place of its own, is compared file by file and removed again', async () => {
    const { event, asked, observer } = await built({ a: '1', b: '2' });
    expect(await look(observer)).toEqual(['start']);
    const args = JSON.stringify(asked[1]);
    expect(args).toContain('--cache=false');
    expect(args).toContain(`--destination=${nameOf(event)}"`);
    expect(args.match(/--destination=/g)).toHaveLength(1);
    await pushAgain(event, { a: '1', b: '3' });
    expect(await over(observer, event)).toMatchObject({
      ...{ outcome: 'different', count: 1, differences: [{ path: 'src/b', what: 'changed' }] },
    });
    expect(told).toEqual([{ project: '/repositories/widget', outcome: 'different' }]);
    expect(await world.client.head(parseImageReference(nameOf(event)), unaborted)).toBeUndefined();
    expect(await look(observer)).toEqual([]);
    const view = await viewRun(world.ledger, event.data.customData.run);
    expect(view?.attempts[0]).toMatchObject({ outcome: 'running', verified: { outcome: 'different' } }); // it fails nothing
  });

  it('of several platforms is removed with the image of each', async () => {
    const { event, observer } = await built({ a: '1' });
    await pushAgain(event, { a: '1' });
    const place = parseImageReference(nameOf(event));
    const { digest, mediaType, bytes } = await world.client.manifest(place, unaborted);
    const image = { mediaType, digest, size: bytes.length, platform: { os: 'linux', architecture: 'amd64' } };
    const index = { schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests: [image] };
    const content = { mediaType: mediaTypes.ociIndex, bytes: Buffer.from(JSON.stringify(index)) };
    await world.client.putManifest(place, content, unaborted);
    expect(await over(observer, event)).toMatchObject({ outcome: 'same' });
    for (const name of [place, { ...place, digest }]) expect(await world.client.head(name, unaborted)).toBeUndefined();
  });

  it('is the same when its files are', async () => {
    const { event, observer } = await built({ a: '1' });
    await pushAgain(event, { a: '1' });
    expect(await over(observer, event)).toMatchObject({ outcome: 'same', count: 0, differences: [] });
  });

  it('is unknown when it fails, and is not tried again', async () => {
    const { event, observer } = await built({ a: '1' });
    exit = 1;
    expect(await over(observer, event)).toMatchObject({
      ...{ outcome: 'unknown', reason: 'the build without cache failed: exit code 1' },
    });
    expect(await look(observer)).toEqual([]);
  });

  it('is made once, however often its end is told', async () => {
    const { event, deps, observer } = await built({ a: '1' });
    await pushAgain(event, { a: '1' });
    await over(observer, event);
    const { run, attempt } = event.data.customData;
    await deps.ledger.write(openKey('image-builder-verify', { run, attempt, stage: 'build' }), {
      ...{ event, openedAt: '2026-01-02T03:04:05Z' },
    });
    expect(await look(observer)).toEqual(['told']);
    expect(await look(observer)).toEqual([]);
    expect(told).toHaveLength(1);
  });

  it('is not one that nobody asked for', async () => {
    const { observer } = await built({ a: '1' }, 0);
    expect(await look(observer)).toEqual([]);
  });
});
