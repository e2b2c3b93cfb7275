import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { GitSession, openRepository, treeLayer } from '@keelson/git';
import { appendImage, parseImageReference, pushSnapshot, RegistryClient } from '@keelson/registry';
import { startRegistry, whyNoRegistry } from '../../libs/registry/src/testing/private-registry';
import { goProgram } from '../../libs/registry/server/src/testing/go-program';
import type { Figure, Measure, Workplace } from '../figure';
import { pushLargeBase } from '../fixtures/large-base';
import { sampleRepository } from '../fixtures/sample-repository';
import type { SampleRepository } from '../fixtures/sample-repository';
import { median, timed } from '../statistics';

const rounds = 9;
const platform = { os: 'linux', architecture: 'amd64' };
const signal = new AbortController().signal;

/** One round of one side, milliseconds. */
type Round = { freeze: number; push: number; append: number };

const total = ({ freeze, push, append: appended }: Round): number => freeze + push + appended;

export const append: Figure = {
  name: 'append',
  title: "2,000 files and 20 MB onto a 15-layer 1 GB base in distribution's registry, beside crane",
  limitSeconds: 150,
  async measure(place) {
    const noRegistry = whyNoRegistry();
    if (noRegistry !== undefined) return { skipped: noRegistry };
    const crane = goProgram('crane', 'github.com/google/go-containerregistry/cmd/crane', 'program');
    if (crane.missing !== undefined) return { skipped: `no crane to compare with: ${crane.missing}` };
    const bench = await prepare(place, crane.path);
    const ours: Round[] = [];
    const theirs: Round[] = [];
    place.tell(`${rounds} rounds, ours and crane in turns`);
    for (const [round, commit] of bench.sample.commits.entries()) {
      ours.push(await appendOurs(bench, commit, `ours/${round}`));
      theirs.push(await appendCrane(bench, commit, `crane/${round}`));
    }
    // The first round warms both sides: code, the registry's caches, the file system.
    return { measures: measuresOf(ours.slice(1), theirs.slice(1)), notes };
  },
};

const notes = [
  `medians of ${rounds - 1} rounds after one to warm up; each round a commit that changes one file, into a repository that is new to the registry`,
  'ours: a new client each round (no open connection, nothing known), the layer made from git, pushed as a snapshot, appended by mounts',
  'crane: a tar by git archive, then one `crane append`, its start included; both sides send gzip at its fastest level',
];

type Bench = { place: Workplace; registry: string; crane: string; sample: SampleRepository };

async function prepare(place: Workplace, crane: string): Promise<Bench> {
  place.tell('making the source');
  const shape = { files: 2_000, sizeBytes: 20_000_000, commits: rounds };
  const sample = sampleRepository(path.join(place.directory, 'source'), shape);
  const registry = await startRegistry();
  place.defer(() => registry.close());
  place.tell('pushing the base once');
  const client = new RegistryClient();
  await pushLargeBase(client, `${registry.address}/base:1`);
  await client.close();
  return { place, registry: registry.address, crane, sample };
}

async function appendOurs({ registry, sample }: Bench, commit: string, name: string): Promise<Round> {
  const repository = await openRepository(sample.repository.path);
  const client = new RegistryClient();
  const session = new GitSession(repository);
  try {
    const frozen = await timed(() => treeLayer(session, commit, { prefix: '/src', codec: 'gzip-1' }));
    const layer = frozen.result;
    const pushed = await timed(() =>
      pushSnapshot(client, {
        ...{ repository: `${registry}/${name}-source`, layer, signal },
        ...{ artifactType: 'application/vnd.keelson.source.v1', annotations: { commit } },
      }),
    );
    const { digest, diffId, sizeBytes, mediaType } = layer;
    const from = parseImageReference(pushed.result.reference);
    const appended = await timed(() =>
      appendImage(client, {
        base: parseImageReference(`${registry}/base:1`),
        layers: [{ digest, diffId, sizeBytes, mediaType, from }],
        target: { repository: `${registry}/${name}`, tags: ['1'] },
        config: { workdir: '/src', created: '2020-01-02T03:04:05Z', labels: {} },
        ...{ platform, signal },
      }),
    );
    await layer.dispose();
    return { freeze: frozen.ms, push: pushed.ms, append: appended.ms };
  } finally {
    session.close();
    await client.close();
  }
}

async function appendCrane({ place, registry, crane, sample }: Bench, commit: string, name: string): Promise<Round> {
  const tar = path.join(place.directory, 'crane.tar');
  const archive = ['-C', sample.repository.path, 'archive', '--prefix=src/', '-o', tar, commit];
  const frozen = await timed(() => run('git', archive));
  const [base, target] = [`${registry}/base:1`, `${registry}/${name}:1`];
  const appended = await timed(() => run(crane, ['append', '--insecure', '-b', base, '-f', tar, '-t', target]));
  return { freeze: frozen.ms, push: 0, append: appended.ms };
}

async function run(program: string, parameters: readonly string[]): Promise<void> {
  const child = spawn(program, parameters, { stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (said += text));
  const [status] = (await once(child, 'close')) as [number | null];
  if (status !== 0) throw new Error(`${program} ended with ${status}: ${said}`);
}

function measuresOf(ours: readonly Round[], theirs: readonly Round[]): Measure[] {
  const ms = (name: string, rounds: readonly Round[], of: (round: Round) => number): Measure => ({
    ...{ name, value: median(rounds.map(of)), unit: 'ms' },
  });
  const ratioOf = (of: (round: Round) => number) => median(ours.map(of)) / median(theirs.map(of));
  return [
    ms('ours: commit to image', ours, total),
    ms('  layer from git', ours, ({ freeze }) => freeze),
    ms('  push of the snapshot', ours, ({ push }) => push),
    ms('  append alone', ours, ({ append: appended }) => appended),
    ms('crane: commit to image', theirs, total),
    ms('  git archive', theirs, ({ freeze }) => freeze),
    ms('  crane append', theirs, ({ append: appended }) => appended),
    { name: 'ours to crane: commit to image', value: ratioOf(total), unit: 'x', aim: { atMost: 1 } },
    {
      ...{ name: 'ours to crane: append, the layer pushed by ours before', unit: 'x' },
      value: ratioOf(({ append: appended }) => appended),
    },
  ];
}
