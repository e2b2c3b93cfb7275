import path from 'node:path';
import { builderSettings } from '@keelson/builders';
import { eventTypes } from '@keelson/events';
import { endKey, imageKey, openKey, stageEndedKey } from '@keelson/ledger';
import type { Pipeline } from '@keelson/pipeline';
import { parseImageReference } from '@keelson/registry';
import { eventsOf, typesOf } from '@keelson/testbed';
import { WorkProcess } from '@keelson/work-testing';
import { buildKind } from './build-kind';
import { tagsOf, unaborted, World } from './builder-fixture.contract';
import type { BuildQueued, BuildWork } from './deps';
import { TagObserver } from './observer';
import { recordedBuilders, recordedTree } from './recorded-builders.contract';
import type { Recording } from './recorded-builders.contract';
import { buildImage } from './stage';

const image = `registry.example/builder@sha256:${'1'.repeat(64)}`;
const settings = builderSettings.parse({
  helperImage: image,
  ...{ buildkit: { image }, kaniko: { image }, makisu: { image, redisCacheAddr: 'redis:6379' } },
});
const tools = ['buildkit', 'kaniko', 'makisu'] as const;
type Tool = (typeof tools)[number];

describe('a build that runs a Dockerfile', () => {
  let world: World;
  const processes: ReturnType<typeof recordedBuilders>['processes'][] = [];
  beforeEach(async () => {
    world = await World.open();
  });
  afterEach(async () => {
    for (const each of processes.splice(0)) await each.close();
    await world.end();
  });

  /** A process of the service whose builder prints this. */
  function service(recording: Recording, builders: typeof settings | undefined = settings) {
    const recorded = recordedBuilders(path.join(world.root, 'jobs'), () => recording);
    processes.push(recorded.processes);
    const work: BuildWork = {
      ...{ jobs: recorded.jobs, limit: 2, cancelRunning: true, retryDelaysMs: [60_000], warn: () => undefined },
      ...(builders === undefined ? {} : { builders }),
    };
    const deps = { ...world.deps({ work }), work };
    const { ledger, clock } = deps;
    const observed = new WorkProcess<BuildQueued>({ ...work, ledger, clock }, recorded.processes, buildKind(deps));
    return { deps, observed, asked: recorded.asked };
  }

  const endedOf = ({ data }: BuildQueued) => world.ledger.read(stageEndedKey({ ...data.customData, stage: 'build' }));

  /** Asks for it, and follows it to its end. */
  async function built(recording: Recording, build: Partial<Pipeline['build']> = {}) {
    const event = await world.frozen({ build: { strategy: recording.tool as Tool, ...build } });
    const { deps, observed, asked } = service(recording);
    expect(eventsOf(await buildImage(deps)(event, unaborted))).toEqual([]);
    await observed.until('it has ended', async () => (await endedOf(event)) !== undefined);
    const ended = (await endedOf(event))!;
    return { event, ended, observed, deps, asked, end: await world.ledger.read(endKey(event.data.customData.run, 1)) };
  }

  /** As the builder does. */
  const push = (event: BuildQueued) =>
    world.image('widget', {
      target: { repository: `${world.registry}/widget`, tags: [tagsOf(event).immutable] },
    });

  it.each(tools)('by %s becomes an image whose digest is what the registry says', async (tool) => {
    const event = await world.frozen({ build: { strategy: tool } });
    await push(event);
    const { deps, observed } = service({ tool, name: 'warm-one-file', exit: 0 });
    await buildImage(deps)(event, unaborted);
    await observed.idle();
    const digest = (await world.tagged(tagsOf(event).immutable))!;
    const ended = (await endedOf(event))!;
    expect(ended).toMatchObject({
      outcome: 'success',
      image: { repository: `${world.registry}/widget`, digest, tags: [tagsOf(event).immutable] },
      build: { strategy: tool },
    });
    const cache = ended.build?.steps.filter(({ text }) => !text.startsWith('WORKDIR')).map((step) => step.cache);
    expect(cache).toEqual(['hit', 'hit', 'miss', 'miss', 'miss']);
    expect(typesOf(observed.told)).toEqual([
      ...[eventTypes.buildStarted, eventTypes.buildFinished, eventTypes.artifactPackaged],
    ]);
    const { run } = event.data.customData;
    expect(await world.ledger.read(endKey(run, 1))).toBeUndefined();
    expect(await world.ledger.read(imageKey(`${world.registry}/widget`, digest, run))).toMatchObject({ run, digest });
    const tags = new TagObserver(deps);
    for (const open of await tags.list()) await tags.report(open, unaborted);
    expect(await world.tagged(tagsOf(event).moving)).toBe(digest);
    expect(eventsOf(await buildImage(deps)(event, unaborted))).toEqual(observed.told); // asked again, told the same
  });

  it.each(
    tools.flatMap((tool) => [
      { tool, name: 'bad-dockerfile', exit: 1, code: 'dockerfile', words: ['line 2', 'RUNN'] },
      { tool, name: 'failing-run', exit: 1, code: 'step-failed', words: ['RUN echo before', '3', 'before\noops'] },
      { tool, name: 'missing-base', exit: 1, code: 'base-not-found', words: ['nosuch'] },
      { tool, name: 'missing-copy', exit: 1, code: 'file-not-found', words: ['nothere'] },
    ]),
  )('by $tool that fails by $name is red, and says $words', async ({ code, words, ...recording }) => {
    const { ended, end } = await built(recording);
    expect(ended).toMatchObject({ outcome: 'failure', reason: { code } });
    for (const word of words) expect(ended.reason?.message).toContain(word);
    expect(end).toMatchObject({ outcome: 'failure', stage: 'build' });
    expect(await world.ledger.attempts(end!.run)).toEqual([1]);
  });

  it.each(tools)('by %s whose registry cannot be reached is an error of ours, tried again', async (tool) => {
    const { ended, event } = await built({ tool, name: 'registry-unreachable', exit: 1 });
    expect(ended).toMatchObject({ outcome: 'error', reason: { code: tool === 'makisu' ? 'registry' : 'network' } });
    const { run } = event.data.customData;
    expect(await world.ledger.attempts(run)).toEqual([1, 2]);
    const open = await world.ledger.read(openKey('image-builder', { run, attempt: 2, stage: 'build' }));
    expect(open?.event).toMatchObject({ type: eventTypes.buildQueued, data: { customData: { attempt: 2 } } });
  });

  it.each(tools)('by %s tells why each step was run again, and what that cost', async (tool) => {
    const built: unknown[] = [];
    for (const [sequence, name] of [
      [1, 'cold'],
      [2, 'warm-one-file'],
    ] as const) {
      const event = await world.frozen({ sequence, build: { strategy: tool }, tree: recordedTree(tool, name) });
      await push(event);
      const { deps, observed } = service({ tool, name, exit: 0 });
      deps.work.built = (build) => void built.push(build);
      await buildImage(deps)(event, unaborted);
      await observed.idle();
      const { build } = (await endedOf(event))!;
      const because = build!.steps.filter(({ cache }) => cache === 'miss').map((step) => step.because);
      if (sequence === 1) expect(because[0]).toBe('unknown: there is no build before to compare with');
      else {
        expect(because[0]).toMatch(/^the file main.txt changed from \w{12} to \w{12}$/);
        expect(because.slice(1)).toEqual([
          ...['an earlier step was run again: COPY . .', 'the stage build was run again: COPY . .'],
        ]);
        // The image that was pushed here is the same both times.
        expect(build?.bytes).toMatchObject({ pushed: 0 });
        expect(build?.bytes?.skipped).toBeGreaterThan(0);
      }
    }
    expect(built).toMatchObject([
      { project: '/repositories/widget', hits: 0 },
      { misses: 3, bytes: { pushed: 0 } },
    ]);
  });

  it('is not held up by a tree that cannot be read', async () => {
    const event = await world.frozen({ build: { strategy: 'kaniko' } }); // whose snapshot is no archive
    await push(event);
    const { deps, observed } = service({ tool: 'kaniko', name: 'cold', exit: 0 });
    await buildImage(deps)(event, unaborted);
    await observed.idle();
    const { outcome, build } = (await endedOf(event))!;
    expect(outcome).toBe('success');
    expect(build?.steps.every(({ because }) => because === undefined)).toBe(true);
  });

  it.each([
    ['makisu', 'is brought to its further names by us', true],
    ['kaniko', 'is looked up under its further names, and missed where the builder did not push it', false],
  ] as const)('by %s %s', async (tool, _what, isThere) => {
    const other = `${world.registry}/team/other:1.2`;
    const event = await world.frozen({ build: { strategy: tool, push: [other] } });
    await push(event);
    const { deps, observed } = service({ tool, name: 'cold', exit: 0 });
    await buildImage(deps)(event, unaborted);
    await observed.until('it has ended', async () => (await endedOf(event)) !== undefined);
    const digest = await world.tagged(tagsOf(event).immutable);
    const found = await world.client.head(parseImageReference(other), unaborted);
    expect(found?.digest).toBe(isThere ? digest : undefined);
    const ended = await endedOf(event);
    expect(ended?.outcome).toBe(isThere ? 'success' : 'error');
    if (!isThere) expect(ended?.reason).toMatchObject({ code: 'no-image', message: expect.stringContaining(other) });
  });

  it('leaves no credential in a record, a log or an event', async () => {
    const password = 'correct-horse-battery';
    const auth = Buffer.from(`robot:${password}`).toString('base64');
    const event = await world.frozen({ build: { strategy: 'makisu' } });
    const { deps, observed, asked } = service({ tool: 'makisu', name: 'registry-unreachable', exit: 1 });
    deps.work.dockerConfig = () => Promise.resolve(JSON.stringify({ auths: { 'registry.example': { auth } } }));
    await buildImage(deps)(event, unaborted);
    await observed.until('it has ended', async () => (await endedOf(event)) !== undefined);
    expect(JSON.stringify(asked)).toContain(password); // or it would prove nothing
    const texts = [JSON.stringify(observed.told)];
    for await (const { key } of world.ledger.store.list(''))
      texts.push(key, Buffer.from((await world.ledger.store.get(key)) ?? []).toString());
    expect(texts.length).toBeGreaterThan(10);
    for (const text of texts) {
      expect(text).not.toContain(password);
      expect(text).not.toContain(auth);
    }
  });

  it('that ends well without an image in the registry is an error of ours', async () => {
    const { ended } = await built({ tool: 'kaniko', name: 'cold', exit: 0 });
    expect(ended).toMatchObject({ outcome: 'error', reason: { code: 'no-image' } });
  });

  it('whose builder ended without a word is an error of ours, never a failure', async () => {
    const { ended } = await built({ tool: 'buildkit', name: 'cold', exit: 1 });
    expect(ended).toMatchObject({ outcome: 'error', reason: { code: 'unknown' } });
    const killed = await built({ tool: 'buildkit', name: 'cold', exit: 137 });
    expect(killed.ended).toMatchObject({ outcome: 'error', reason: { code: 'killed' } });
  });

  it('asks for the Dockerfile, context and names of its plan, and for the source by digest', async () => {
    const { asked, event } = await built(
      { tool: 'kaniko', name: 'bad-dockerfile', exit: 1 },
      { dockerfile: 'docker/D', context: 'server', args: { A: '1' }, push: ['quay.example/team/widget:1'] },
    );
    const told = JSON.stringify(asked[0]);
    expect(told).toContain('--dockerfile=/keelson/source/docker/D');
    expect(told).toContain('--context=dir:///keelson/source/server');
    expect(told).toContain('--build-arg=A=1');
    expect(told).toContain(`--destination=${world.registry}/widget:${tagsOf(event).immutable}`);
    expect(told).toContain('--destination=quay.example/team/widget:1');
    expect(told).toContain(`${world.registry}/widget-source@sha256:`);
    expect(told).toContain(`--label=org.opencontainers.image.revision=${event.data.customData.commit}`);
  });

  it.each([
    ['by a builder that is not set up', { helperImage: image }, 'builders.makisu'],
    ['where none is', undefined, 'no builder is set up here'],
  ])('%s is red, and names the setting', async (_what, own, words) => {
    const event = await world.frozen({ build: { strategy: 'makisu' } });
    const builders = own === undefined ? undefined : builderSettings.parse(own);
    const { deps, observed } = service({ tool: 'makisu', name: 'cold', exit: 0 }, builders);
    if (builders === undefined) delete deps.work.builders;
    await buildImage(deps)(event, unaborted);
    await observed.idle();
    expect(await endedOf(event)).toMatchObject({
      ...{ outcome: 'failure', reason: { code: 'not-started', message: expect.stringContaining(words) } },
    });
  });
});
