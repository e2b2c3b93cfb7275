import path from 'node:path';
import { RegistryClient } from '@keelson/registry';
import { startRegistry, whyNoRegistry } from '../../libs/registry/src/testing/private-registry';
import { goProgram } from '../../libs/registry/server/src/testing/go-program';
import type { Figure, Measure, Workplace } from '../figure';
import { appendCommit } from '../fixtures/append-commit';
import type { Appended } from '../fixtures/append-commit';
import { pushLargeBase } from '../fixtures/large-base';
import { runProgram } from '../fixtures/run-program';
import { sampleRepository } from '../fixtures/sample-repository';
import type { SampleRepository } from '../fixtures/sample-repository';
import { median, timed } from '../statistics';

const rounds = 9;

/** One round of one side. */
type Round = Appended;

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
    const { registry, sample } = bench;
    for (const [round, commit] of sample.commits.entries()) {
      ours.push(await appendCommit({ registry, repository: sample.repository.path }, commit, `ours/${round}`));
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

async function appendCrane({ place, registry, crane, sample }: Bench, commit: string, name: string): Promise<Round> {
  const tar = path.join(place.directory, 'crane.tar');
  const archive = ['-C', sample.repository.path, 'archive', '--prefix=src/', '-o', tar, commit];
  const frozen = await timed(() => runProgram('git', archive));
  const [base, target] = [`${registry}/base:1`, `${registry}/${name}:1`];
  const appended = await timed(() => runProgram(crane, ['append', '--insecure', '-b', base, '-f', tar, '-t', target]));
  return { freeze: frozen.ms, push: 0, append: appended.ms };
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
