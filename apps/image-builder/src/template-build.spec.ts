import { randomBytes } from 'node:crypto';
import path from 'node:path';
import { eventTypes } from '@keelson/events';
import { account, endKey, imageKey, manifestKey, stageEndedKey } from '@keelson/ledger';
import { manifestRecord, sealedAbout, SealingKey } from '@keelson/pipeline';
import { eventsOf, typesOf } from '@keelson/testbed';
import { WorkProcess } from '@keelson/work-testing';
import { buildKind } from './build-kind';
import { tagsOf, unaborted, World } from './builder-fixture.contract';
import type { BuildQueued } from './deps';
import { TagObserver } from './observer';
import { scriptedJobs } from './recorded-builders.contract';
import { buildImage } from './stage';

const key = new SealingKey(randomBytes(32));
const text = `apiVersion: v1
kind: Secret
metadata: { name: token, namespace: gw-1-2-3-0123abcd }
stringData: { token: s3cr3t }
---
apiVersion: batch/v1
kind: Job
metadata: { name: build, namespace: gw-1-2-3-0123abcd }
spec: { template: { spec: { containers: [{ name: main, image: busybox }] } } }
`;

describe('a build that is a Job template', () => {
  let world: World;
  const processes: ReturnType<typeof scriptedJobs>['processes'][] = [];
  beforeEach(async () => {
    world = await World.open();
  });
  afterEach(async () => {
    for (const each of processes.splice(0)) await each.close();
    await world.end();
  });

  /** A process of the service whose Jobs end like this. */
  function service(exit: number, own: SealingKey | undefined = key) {
    const scripted = scriptedJobs(path.join(world.root, 'jobs'), () => `echo built; exit ${exit}`);
    processes.push(scripted.processes);
    const templates = own && {
      key: own,
      helperImage: 'helper',
      registries: [{ name: world.registry, address: world.registry, isPlain: true }],
      timeoutMs: 60_000,
    };
    const work = {
      ...{ jobs: scripted.jobs, limit: 2, cancelRunning: true, retryDelaysMs: [60_000], warn: () => undefined },
      templates,
    };
    const deps = { ...world.deps({ work }), work };
    const { ledger, clock } = deps;
    const observed = new WorkProcess<BuildQueued>({ ...work, ledger, clock }, scripted.processes, buildKind(deps));
    return { deps, observed, asked: scripted.asked };
  }

  /** A run whose template was rendered, to push this. */
  async function frozen(image?: string): Promise<BuildQueued> {
    const event = await world.frozen({ build: { strategy: 'template', template: 'ci.yaml' } });
    const { run } = event.data.customData;
    await world.ledger.write(manifestKey(run, 'build', manifestRecord), {
      ...{ file: 'ci.yaml', text: '(masked)', sealed: key.seal(text, sealedAbout(run, 'build')) },
      namespace: { name: 'gw-1-2-3-0123abcd', create: true, keep: false },
      ...(image === undefined ? {} : { image }),
    });
    return event;
  }

  const endedOf = ({ data }: BuildQueued) => world.ledger.read(stageEndedKey({ ...data.customData, stage: 'build' }));
  const push = (tag: string) =>
    world.image('widget', { target: { repository: `${world.registry}/widget`, tags: [tag] } });

  async function built(event: BuildQueued, exit = 0) {
    const { deps, observed, asked } = service(exit);
    expect(eventsOf(await buildImage(deps)(event, unaborted))).toEqual([]);
    await observed.until('it has ended', async () => (await endedOf(event)) !== undefined);
    await observed.idle();
    return { ended: (await endedOf(event))!, observed, deps, asked };
  }

  it('asks for the objects as they were rendered, secrets and all, with the source in the pod', async () => {
    const { asked } = await built(await frozen());
    expect(asked).toHaveLength(1);
    expect(asked[0]).toMatchObject({
      timeoutMs: 60_000,
      namespace: { name: 'gw-1-2-3-0123abcd', create: true, keep: false },
      objects: [{ kind: 'Secret', stringData: { token: 's3cr3t' } }, { kind: 'Job' }],
    });
    expect(JSON.stringify(asked[0])).toContain('"--plain-http","/keelson/source"');
  });

  it('ends its run, green, where no image is named, and is accounted for as built', async () => {
    const event = await frozen();
    const { ended, observed } = await built(event);
    expect(ended).toMatchObject({ outcome: 'success', reason: { code: 'ends-at-build' }, log: { lines: 1 } });
    expect(typesOf(observed.told)).toEqual([
      ...[eventTypes.buildStarted, eventTypes.buildFinished, eventTypes.pipelineRunFinished],
    ]);
    expect(await world.ledger.read(endKey(event.data.customData.run, 1))).toMatchObject({ outcome: 'success' });
    expect(await account(world.ledger)).toMatchObject({ balanced: true, fates: { built: 1 } });
  });

  it('becomes the image that the registry has behind its tag', async () => {
    const event = await frozen(`${world.registry}/widget:1.2.3`);
    await push('1.2.3');
    const digest = (await world.tagged('1.2.3'))!;
    const { ended, observed, deps } = await built(event);
    const { immutable, moving } = tagsOf(event);
    expect(ended).toMatchObject({
      outcome: 'success',
      image: { repository: `${world.registry}/widget`, digest, tags: [immutable, '1.2.3'] },
    });
    expect(typesOf(observed.told)).toEqual([
      ...[eventTypes.buildStarted, eventTypes.buildFinished, eventTypes.artifactPackaged],
    ]);
    const { run } = event.data.customData;
    expect(await world.ledger.read(imageKey(`${world.registry}/widget`, digest, run))).toMatchObject({ digest });
    expect(await world.tagged(immutable)).toBe(digest);
    const tags = new TagObserver(deps);
    for (const open of await tags.list()) await tags.report(open, unaborted);
    expect(await world.tagged(moving)).toBe(digest);
    expect(eventsOf(await buildImage(deps)(event, unaborted))).toEqual(observed.told); // asked again, told the same
  });

  it('is red when its Job ends well and the tag is not there', async () => {
    const { ended, observed } = await built(await frozen(`${world.registry}/widget:1.2.3`));
    expect(ended).toMatchObject({
      outcome: 'failure',
      reason: {
        code: 'image-not-pushed',
        message: `the Job of ci.yaml ended well, and ${world.registry}/widget:1.2.3 is not in the registry: that is what it has to push`,
      },
    });
    expect(typesOf(observed.told).at(-1)).toBe(eventTypes.pipelineRunFinished);
  });

  it('is red when its Job fails, and is not tried again', async () => {
    const event = await frozen();
    const { ended } = await built(event, 3);
    expect(ended).toMatchObject({
      outcome: 'failure',
      exitCode: 3,
      reason: { message: 'the Job of ci.yaml ended with exit code 3' },
    });
    expect(await world.ledger.attempts(event.data.customData.run)).toEqual([1]);
  });

  it.each([
    [
      'without the key that it was sealed with',
      new SealingKey(randomBytes(32)),
      'ci.yaml as it was rendered cannot be opened: it was sealed with the key',
    ],
    ['where none is set up', undefined, 'no Job template can be run here'],
  ])('%s never begins, and says why', async (_what, own, words) => {
    const event = await frozen();
    const { deps, observed } = service(0, own);
    if (own === undefined) delete (deps.work as { templates?: unknown }).templates;
    await buildImage(deps)(event, unaborted);
    await observed.idle();
    expect(await endedOf(event)).toMatchObject({
      reason: { code: 'not-started', message: expect.stringContaining(words) },
    });
  });
});
