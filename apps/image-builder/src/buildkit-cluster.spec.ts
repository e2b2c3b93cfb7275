import { randomUUID } from 'node:crypto';
import { builderSettings } from '@keelson/builders';
import type { RunOutcome } from '@keelson/events';
import { endKey, stageEndedKey } from '@keelson/ledger';
import { parseImageReference, RegistryClient } from '@keelson/registry';
import { describeOn, servers } from '@keelson/testbed';
import { WorkObserver } from '@keelson/work';
import { until } from '@keelson/work-testing';
import { kubeHarness, podHelperImage } from '../../../libs/jobs/src/kube-harness.contract';
import type { KubeHarness } from '../../../libs/jobs/src/kube-harness.contract';
import { buildKind } from './build-kind';
import { tagsOf, unaborted, World } from './builder-fixture.contract';
import type { Asked } from './builder-fixture.contract';
import type { BuildQueued, BuildWork } from './deps';
import { buildImage } from './stage';

jest.setTimeout(180_000);
const base = () => `${servers.registry}/busybox:1`;
const options = () => ({
  registries: [{ name: servers.registry, push: servers.registry, pull: servers.registry, plainHttp: true }],
});

/** `buildkit:0.24` of the testbed, by digest; undefined where it was not made. */
async function buildkitImage(): Promise<string | undefined> {
  const client = new RegistryClient(options());
  const found = await client.head(parseImageReference(`${servers.registry}/buildkit:0.24`), unaborted);
  await client.close();
  return found === undefined ? undefined : `${servers.registry}/buildkit@${found.digest}`;
}

describeOn(['kubeconfig', 'registry'])('BuildKit on a cluster', () => {
  let world: World;
  let harness: KubeHarness;
  let work: BuildWork;
  const dying = new AbortController();

  beforeAll(async () => {
    const image = await buildkitImage();
    if (image === undefined)
      throw new Error(`${servers.registry} has no buildkit:0.24: \`testbed/images buildkit\` makes it`);
    harness = await kubeHarness();
    world = await World.open({
      prefix: `${servers.registry}/keelson-build-${randomUUID().slice(0, 8)}`,
      options: options(),
    });
    const builders = builderSettings.parse({
      ...{ helperImage: await podHelperImage(), buildkit: { image, memory: '1Gi' } },
      registries: [{ host: servers.registry, plainHttp: true }],
    });
    const jobs = await harness.open();
    work = { jobs, limit: 2, cancelRunning: true, retryDelaysMs: [], builders, warn: () => undefined };
  });
  afterAll(async () => {
    dying.abort();
    await world.end();
    await harness.end();
  });

  /** Builds a tree, from its event to its record. */
  async function built(asked: Asked) {
    const deps = { ...world.deps(), clock: Date.now, work };
    const event = await world.frozen({ ...asked, build: { strategy: 'buildkit', ...asked.build } });
    const observer = new WorkObserver<BuildQueued>({ ...work, ledger: deps.ledger, clock: Date.now }, buildKind(deps));
    await buildImage(deps)(event, unaborted);
    const ended = () => world.ledger.read(stageEndedKey({ ...event.data.customData, stage: 'build' }));
    await until(
      'it has ended',
      async () => {
        for (const state of await observer.list()) {
          await observer.report(state, dying.signal);
          await observer.mark(state);
        }
        await new Promise((resolve) => setTimeout(resolve, 200));
        return (await ended()) !== undefined;
      },
      150_000,
    );
    return { event, ended: (await ended())!, log: await harness.open() };
  }

  const tree = (main: string) => ({
    Dockerfile: [
      ...[`FROM ${base()} AS build`, 'ARG LEVEL=1', 'WORKDIR /src', 'COPY go.mod ./', 'RUN echo deps > /deps.txt'],
      ...['COPY . .', 'RUN echo "level $LEVEL with $(cat main.txt)" > /out.txt'],
      ...[`FROM ${base()}`, 'COPY --from=build /out.txt /out.txt', 'CMD ["cat", "/out.txt"]', ''],
    ].join('\n'),
    ...{ 'go.mod': 'module x\n', 'main.txt': main },
  });

  it('builds the frozen source, pushes it, and finds every step in the cache the next time', async () => {
    const cold = await built({ sequence: 1, tree: tree('one\n') });
    expect(cold.ended).toMatchObject({ outcome: 'success', log: { complete: true } });
    expect(cold.ended.image?.digest).toBe(await world.tagged(tagsOf(cold.event).immutable));
    expect(cold.ended.build?.steps.map(({ cache }) => cache)).toEqual(Array(6).fill('miss'));
    const warm = await built({ sequence: 2, tree: tree('one\n') });
    expect(warm.ended.build?.steps.map(({ cache }) => cache)).toEqual(Array(6).fill('hit'));
    const changed = await built({ sequence: 3, tree: tree('two\n') });
    expect(changed.ended.build?.steps.map(({ cache, because }) => [cache, because?.replace(/ from .*/, '')])).toEqual([
      ...[
        ['hit', undefined],
        ['hit', undefined],
        ['hit', undefined],
        ['miss', 'the file main.txt changed'],
      ],
      ...[
        ['miss', 'an earlier step was run again: COPY . .'],
        ['miss', 'the stage build was run again: COPY . .'],
      ],
    ]);
  });

  it.each<[string, string, RunOutcome, string, string]>([
    ['a step that fails', 'RUN echo before && exit 3', 'failure', 'step-failed', 'before'],
    ['an instruction that there is not', 'RUNN true', 'failure', 'dockerfile', 'line 2'],
    ['a file that is not there', 'COPY nothere /x', 'failure', 'file-not-found', 'nothere'],
  ])('says of %s whose fault it is', async (_what, line, outcome, code, words) => {
    const { ended, event } = await built({ sequence: 9, tree: { Dockerfile: `FROM ${base()}\n${line}\n` } });
    expect(ended).toMatchObject({ outcome, reason: { code } });
    expect(ended.reason?.message).toContain(words);
    expect(await world.ledger.read(endKey(event.data.customData.run, 1))).toMatchObject({ outcome });
    expect(await world.tagged(tagsOf(event).immutable)).toBeUndefined();
  });
});
