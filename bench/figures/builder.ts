import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { builderSettings } from '@keelson/builders';
import type { BuilderSettings } from '@keelson/builders';
import { logPrefix, stageEndedKey } from '@keelson/ledger';
import type { Ledger, StageEnded } from '@keelson/ledger';
import { readLog } from '@keelson/logs';
import { parseImageReference, RegistryClient } from '@keelson/registry';
import type { OwnServers } from '../../e2e/cluster/support/own-servers';
import { GitHttpServer } from '../../libs/git/src/testing/git-http-server';
import { TestRepository } from '../../libs/git/src/testing/test-repository';
import { podHelperImage } from '../../libs/jobs/src/kube-harness.contract';
import { servers } from '../../testbed/servers';
import type { Figure, Measure, Measured, Skipped, Workplace } from '../figure';
import { bareBuild } from '../fixtures/bare-build';
import { startServices, whyNoServices } from '../fixtures/five-services';
import { nowMs } from '../fixtures/keelson-up';
import { KubeWatch } from '../fixtures/kube-watch';
import { kubectl } from '../fixtures/kubectl';
import { patiently } from '../fixtures/patiently';
import { median, shareTaken } from '../statistics';
import type { Span } from '../statistics';

const rounds = 6;
const queued = 20;
const atOnce = 2;
const patience = { withinMs: 90_000, everyMs: 20 };
/** Records have times of their own: to look for them more often would only be work for the machine that is measured. */
const recordPatience = { ...patience, everyMs: 100 };
const signal = new AbortController().signal;

export const builder: Figure = {
  name: 'builder',
  title: 'Dockerfile builds by BuildKit on a cluster, beside a bare Job with the same `buildctl build`',
  limitSeconds: 400,
  async measure(place): Promise<Measured | Skipped> {
    const why = whyNoServices();
    if (why !== undefined) return { skipped: why };
    const { registry } = servers;
    const client = new RegistryClient({
      registries: [{ name: registry, push: registry, pull: registry, plainHttp: true }],
    });
    place.defer(() => client.close());
    const image = (await client.head(parseImageReference(`${registry}/buildkit:0.24`), signal))?.digest;
    if (image === undefined) return { skipped: 'no buildkit:0.24: `testbed/testbed images` makes it' };
    const bench = await prepare(place, client, `${registry}/buildkit@${image}`);
    const warm = await warmRounds(bench);
    const hits = await hitsOfSecond(bench);
    return { measures: [...warmMeasures(warm), hits, ...(await idleShares(bench))], notes };
  },
};

const notes = [
  `ours: from the end of the freezing to the record with the digest, as the records have it; medians of ${rounds} after one to warm up, in turns`,
  'its parts: the Job by a watch of the cluster, the lines by their times in the log, the others by the records',
  'bare: `kubectl create` of a Job with the same image and arguments, its source in a ConfigMap, until its tag can be read',
  'either begins at random within a second: the kubelet looks at containers about once a second, and whoever waits for that would begin just after a look',
  'hits: of RUN, COPY and WORKDIR steps of a commit that changes only what .dockerignore leaves out',
  `idle: of ${atOnce} places, from the first until the last of ${queued} Jobs was made, the share of time that no build had them: from its Job, by a watch of the cluster, to the record with its digest`,
  'from the last line on: the same with a place free when the builder has printed its last line; no builder at work: from its first line to its last, so the start of pods counts too',
];

type Bench = {
  place: Workplace;
  own: OwnServers;
  client: RegistryClient;
  settings: BuilderSettings;
  repository: TestRepository;
  ledger: Ledger;
  seen: Set<string>;
  jobs: KubeWatch;
};

const files = (main: string) => ({
  Dockerfile: [
    ...[`FROM ${servers.registry}/busybox:1 AS build`, 'WORKDIR /src', 'COPY go.mod ./', 'RUN echo deps > /deps.txt'],
    ...['COPY . .', 'RUN cat main.txt > /out.txt', `FROM ${servers.registry}/busybox:1`],
    ...['COPY --from=build /out.txt /out.txt', ''],
  ].join('\n'),
  ...{ 'go.mod': 'module x\n', 'main.txt': main, '.dockerignore': 'notes.txt\n.keelson.yaml\n' },
});

async function prepare(place: Workplace, client: RegistryClient, image: string): Promise<Bench> {
  const repository = TestRepository.create(path.join(place.directory, 'widget'));
  const pipeline = 'image: { name: widget }\nbuild: { strategy: buildkit }\ntest: none\n';
  repository.commit('first', { ...files('first'), '.keelson.yaml': pipeline });
  const git = await GitHttpServer.start({ root: place.directory });
  place.defer(() => git.stop());
  const settings = builderSettings.parse({
    ...{ helperImage: await podHelperImage(), buildkit: { image } },
    registries: [{ host: servers.registry, plainHttp: true }],
  });
  const { own } = await startServices(place, {
    ...{ KEELSON_SOURCES: `${git.url('widget/.git')}^*`, KEELSON_BUILD_LIMIT: String(atOnce) },
    KEELSON_BUILDERS: JSON.stringify(settings),
  });
  const jobs = KubeWatch.start(own.name, 'jobs', '{.metadata.name}');
  place.defer(() => jobs.close());
  return { place, own, client, settings, repository, ledger: await own.ledger(), seen: new Set(), jobs };
}

type Built = { run: string; source: StageEnded; build: StageEnded };

/** The records of the next run's freezing and build. */
async function nextBuild({ ledger, seen }: Bench): Promise<Built> {
  const run = await patiently(
    'a run',
    async () => (await ledger.runs()).find((each) => !seen.has(each)),
    recordPatience,
  );
  seen.add(run);
  const record = (stage: 'source' | 'build') =>
    patiently(`the ${stage} of ${run}`, () => ledger.read(stageEndedKey({ run, attempt: 1, stage })), recordPatience);
  const built = { run, source: await record('source'), build: await record('build') };
  if (built.build.outcome !== 'success') throw new Error(`a build ended so: ${JSON.stringify(built.build.reason)}`);
  return built;
}

/** Milliseconds: ours, its parts in their order, and the bare Job. */
type Round = { ours: number; toJob: number; toFirstLine: number; building: number; toRecord: number; bare: number };

async function warmRounds(bench: Bench): Promise<Round[]> {
  await nextBuild(bench);
  bench.place.tell(`${rounds} warm builds, in turns with bare Jobs`);
  const all: Round[] = [];
  await bare(bench, 'cold');
  for (let round = 0; round <= rounds; round += 1) {
    await sleep(Math.random() * 1_000);
    bench.repository.commit(`change ${round}`, { 'main.txt': `change ${round}` });
    const built = await nextBuild(bench);
    await sleep(Math.random() * 1_000);
    all.push({ ...(await partsOf(bench, built)), bare: await bare(bench, `bare-${round}`) });
  }
  return all.slice(1);
}

/** When a build's Job was made, and printed its first line and its last. */
async function timesOf({ ledger, jobs }: Bench, run: string): Promise<{ made: number; first: number; last: number }> {
  const times: number[] = [];
  const log = { store: ledger.store, prefix: logPrefix({ run, attempt: 1, stage: 'build' }), follow: false };
  for await (const { time } of readLog(log, signal)) times.push(Date.parse(time));
  return { made: jobs.seenAt(`${run}-1-build`), first: times[0] ?? 0, last: times.at(-1) ?? 0 };
}

async function partsOf(bench: Bench, { run, source, build }: Built): Promise<Omit<Round, 'bare'>> {
  const { made, first, last } = await timesOf(bench, run);
  const [queuedAt, endedAt] = [Date.parse(source.endedAt), Date.parse(build.endedAt)];
  return {
    ...{ ours: endedAt - queuedAt, toJob: made - queuedAt, toFirstLine: first - made },
    ...{ building: last - first, toRecord: endedAt - last },
  };
}

async function bare({ own, client, settings }: Bench, name: string): Promise<number> {
  const prefix = `${servers.registry}/${own.name}`;
  const image = `${prefix}/bare:${name}`;
  const objects = bareBuild({ name, settings, image, cacheRepository: `${prefix}/bare-cache`, files: files(name) });
  const beganAt = nowMs();
  kubectl(['create', '-n', own.name, '-f', '-'], objects);
  // A registry that is just writing the tag may fail to read it.
  const look = () => client.head(parseImageReference(image), signal).catch(() => undefined);
  await patiently(`the image of ${name}`, look, patience);
  return nowMs() - beganAt;
}

function warmMeasures(all: readonly Round[]): Measure[] {
  const of = (part: keyof Round) => median(all.map((round) => round[part]));
  return [
    { name: 'warm build, one file changed: ours, queued to digest', value: of('ours'), unit: 'ms' },
    { name: '  queued to Job made', value: of('toJob'), unit: 'ms' },
    { name: "  Job made to the builder's first line", value: of('toFirstLine'), unit: 'ms' },
    { name: '  first line to last', value: of('building'), unit: 'ms' },
    { name: '  last line to record', value: of('toRecord'), unit: 'ms' },
    { name: 'warm build, one file changed: bare Job', value: of('bare'), unit: 'ms' },
    { name: 'ours more than bare', value: of('ours') - of('bare'), unit: 'ms', aim: { atMost: 1_000 } },
  ];
}

async function hitsOfSecond(bench: Bench): Promise<Measure> {
  bench.repository.commit('unchanged', { 'notes.txt': 'nobody builds this' });
  const steps = (await nextBuild(bench)).build.build?.steps ?? [];
  const hits = steps.filter(({ cache }) => cache === 'hit').length;
  return {
    ...{ name: `cold to warm: hits among ${steps.length} steps of an unchanged build`, unit: '%' },
    ...{ value: steps.length === 0 ? 0 : (100 * hits) / steps.length, aim: { atLeast: 100 } },
  };
}

async function idleShares(bench: Bench): Promise<Measure[]> {
  const { place, repository } = bench;
  place.tell(`${queued} builds queued, ${atOnce} at a time`);
  for (let index = 0; index < queued; index += 1) {
    repository.git('checkout', '--quiet', '-b', `queued-${index}`, 'main');
    repository.commit(`queued ${index}`, { 'main.txt': `queued ${index}` });
  }
  const built: Built[] = [];
  while (built.length < queued) built.push(await nextBuild(bench));
  const times = await Promise.all(
    built.map(async ({ run, build }) => ({ ...(await timesOf(bench, run)), recorded: Date.parse(build.endedAt) })),
  );
  const begins = times.map(({ made }) => made);
  const idle = (spans: readonly Span[]) =>
    100 * (1 - shareTaken(spans, atOnce, [Math.min(...begins), Math.max(...begins)]));
  const name = `${queued} builds, ${atOnce} at a time`;
  const idleShare = idle(times.map(({ made, recorded }) => [made, recorded]));
  return [
    { name: `${name}: places idle`, value: idleShare, unit: '%', aim: { atMost: 5 } },
    { name: '  from the last line on', value: idle(times.map(({ made, last }) => [made, last])), unit: '%' },
    { name: '  no builder at work', value: idle(times.map(({ first, last }) => [first, last])), unit: '%' },
  ];
}
