import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { RegistryClient } from '@keelson/registry';
import { startRegistry, whyNoRegistry } from '../../libs/registry/src/testing/private-registry';
import { hasProgram, programPath } from '../../testbed/programs';
import type { Figure, Measure, Workplace } from '../figure';
import { appendCommit } from '../fixtures/append-commit';
import { pushLargeBase } from '../fixtures/large-base';
import { runProgram } from '../fixtures/run-program';
import { sampleRepository } from '../fixtures/sample-repository';
import type { SampleRepository } from '../fixtures/sample-repository';
import { median, timed } from '../statistics';

const rounds = 4;

export const onLargeBase: Figure = {
  name: 'on-large-base',
  title: "100 files onto a 15-layer 1 GB base in distribution's registry: append, BuildKit, buildah",
  limitSeconds: 400,
  async measure(place) {
    const noRegistry = whyNoRegistry();
    if (noRegistry !== undefined) return { skipped: noRegistry };
    if (!hasProgram('buildkitd') || !hasProgram('buildctl') || process.getuid?.() !== 0)
      return { skipped: 'no BuildKit that can be started here: `testbed/testbed images` builds it, and it needs root' };
    const bench = await prepare(place);
    const sides: Side[] = [
      { name: 'append', build: append(bench) },
      { name: 'BuildKit', build: await buildkit(bench) },
      ...(spawnSync('buildah', ['--version']).error === undefined ? [{ name: 'buildah', build: buildah(bench) }] : []),
    ];
    return { measures: await compared(bench, sides), notes };
  },
};

const notes = [
  `medians of ${rounds} after a first one, which is given by itself: it finds no base on this machine; each round a commit that changes one file`,
  'all sides begin with their source ready: append with the snapshot in the registry, the others with a directory, and end with the tag',
  'all push to one repository, which has the image of the round before, as a project has it; `new repository`: one that has nothing, of another commit',
  'append: by one client, as image-builder has it; BuildKit: `buildctl build` of FROM and COPY --link with a daemon that runs already; buildah: from, copy, commit, push',
];

/** Of which commit, and its `name:tag` in the registry. */
type Build = { commit: string; image: string };
/** One side, and how it builds: resolves with the milliseconds. */
type Side = { name: string; build: (build: Build) => Promise<number> };
type Took = ReadonlyMap<string, number[]>;
type Bench = { place: Workplace; registry: string; sample: SampleRepository };

async function prepare(place: Workplace): Promise<Bench> {
  const sample = sampleRepository(path.join(place.directory, 'source'), {
    ...{ files: 100, sizeBytes: 1_000_000, commits: 2 * (rounds + 1) },
    extra: { Dockerfile: 'ARG BASE\nFROM ${BASE}\nCOPY --link . /src/\n', '.dockerignore': '.git\n' },
  });
  const registry = await startRegistry();
  place.defer(() => registry.close());
  place.tell('pushing the base once');
  const client = new RegistryClient();
  await pushLargeBase(client, `${registry.address}/base:1`);
  await client.close();
  return { place, registry: registry.address, sample };
}

async function compared({ place, sample }: Bench, sides: readonly Side[]): Promise<Measure[]> {
  const next: Took = new Map(sides.map(({ name }) => [name, []]));
  const builders = sides.slice(0, 2);
  const anew: Took = new Map(builders.map(({ name }) => [name, []]));
  for (let round = 0; round <= rounds; round += 1) {
    place.tell(`round ${round} of ${rounds}, each side in its turn`);
    const [commit = '', another = ''] = sample.commits.slice(2 * round);
    for (const { name, build } of sides)
      next.get(name)?.push(await build({ commit, image: `${name.toLowerCase()}:${round}` }));
    for (const { name, build } of builders)
      anew.get(name)?.push(await build({ commit: another, image: `${name.toLowerCase()}-${round}:1` }));
  }
  return [...measuresOf(next), ...measuresAnew(anew)];
}

function append({ place, registry, sample }: Bench): Side['build'] {
  const client = new RegistryClient();
  place.defer(() => client.close());
  const { path: repository } = sample.repository;
  return async ({ commit, image }) => (await appendCommit({ registry, repository, client }, commit, image)).append;
}

/** The source as the builders get it: a directory. */
async function checkedOut({ place, sample }: Bench, commit: string): Promise<string> {
  const directory = path.join(place.directory, `context-${commit}`);
  mkdirSync(directory, { recursive: true });
  const tar = `${directory}.tar`;
  await runProgram('git', ['-C', sample.repository.path, 'archive', '-o', tar, commit]);
  await runProgram('tar', ['-xf', tar, '-C', directory]);
  return directory;
}

async function buildkit(bench: Bench): Promise<Side['build']> {
  const { place, registry } = bench;
  const addr = `unix://${path.join(place.directory, 'buildkitd.sock')}`;
  const config = path.join(place.directory, 'buildkitd.toml');
  writeFileSync(config, `[registry."${registry}"]\n  http = true\n`);
  const flags = ['--addr', addr, '--root', path.join(place.directory, 'buildkit'), '--config', config];
  const daemon = spawn(programPath('buildkitd'), [...flags, '--containerd-worker=false'], { stdio: 'ignore' });
  const ended = once(daemon, 'exit');
  place.defer(async () => {
    daemon.kill('SIGTERM');
    await ended;
  });
  const buildctl = ['--addr', addr];
  for (let tries = 0; spawnSync(programPath('buildctl'), [...buildctl, 'debug', 'workers']).status !== 0; tries += 1) {
    if (tries > 100) throw new Error('the BuildKit daemon does not answer');
    await sleep(100);
  }
  return async ({ commit, image }) => {
    const context = await checkedOut(bench, commit);
    const from = ['--local', `context=${context}`, '--local', `dockerfile=${context}`];
    const to = `type=image,name=${registry}/${image},push=true,registry.insecure=true`;
    const options = ['--frontend', 'dockerfile.v0', '--opt', `build-arg:BASE=${registry}/base:1`];
    const parameters = [...buildctl, 'build', ...options, ...from, '--output', to];
    return (await timed(() => runProgram(programPath('buildctl'), parameters))).ms;
  };
}

function buildah(bench: Bench): Side['build'] {
  const { place, registry } = bench;
  const storage = [
    '--root',
    path.join(place.directory, 'buildah'),
    '--runroot',
    path.join(place.directory, 'buildah-run'),
  ];
  const run = (...parameters: string[]) => runProgram('buildah', [...storage, ...parameters]);
  return async ({ commit, image }) => {
    const context = await checkedOut(bench, commit);
    const build = async () => {
      const container = await run('from', '--tls-verify=false', `docker://${registry}/base:1`);
      await run('copy', '-q', container, context, '/src');
      await run('commit', '-q', '--rm', container, image);
      await run('push', '-q', '--tls-verify=false', image, `docker://${registry}/${image}`);
    };
    return (await timed(build)).ms;
  };
}

const warm = (took: Took, name: string): number => median((took.get(name) ?? []).slice(1));
const ratioTo = (took: Took, name: string): number => warm(took, name) / warm(took, 'append');

function measuresOf(took: Took): Measure[] {
  const rows = [...took].flatMap(([name, all]): Measure[] => [
    { name: `${name}: source to tag`, value: warm(took, name), unit: 'ms' },
    { name: `${name}: the first one`, value: all[0] ?? 0, unit: 'ms' },
  ]);
  const ratios = [...took.keys()].slice(1).map((name): Measure => ({
    ...{ name: `${name} to append`, value: ratioTo(took, name), unit: 'x', aim: { atLeast: 5 } },
  }));
  return [...rows, ...ratios];
}

/** What a project's first image costs, on a base that the builders know. */
function measuresAnew(took: Took): Measure[] {
  const [, other = ''] = took.keys();
  return [
    ...[...took.keys()].map((name): Measure => ({
      name: `${name}: new repository`,
      value: warm(took, name),
      unit: 'ms',
    })),
    { name: `${other} to append: new repository`, value: ratioTo(took, other), unit: 'x' },
  ];
}
