import { cpSync } from 'node:fs';
import path from 'node:path';
import { TestRepository } from '../../libs/git/src/testing/test-repository';
import type { Figure, Measure, Measured, Workplace } from '../figure';
import { KeelsonUp, nowMs } from '../fixtures/keelson-up';
import type { Told } from '../fixtures/keelson-up';
import { cpuMsOf } from '../fixtures/process-facts';
import { writePlainFiles } from '../fixtures/plain-files';
import { PollLoop } from '../fixtures/poll-loop';
import { sampleRepository } from '../fixtures/sample-repository';
import type { SampleRepository } from '../fixtures/sample-repository';
import { mean, median, quantile } from '../statistics';

const warmUps = 3;
const mostRounds = 24;
/** On a slow machine there are fewer rounds. */
const budgetMs = 110_000;
/** What the file system takes for the files alone is measured in between. */
const plainEvery = 6;
const testCommand = ['sh', 'ci.sh'];
const extra = { '.keelson.yaml': `test:\n  command: ${JSON.stringify(testCommand)}\n`, 'ci.sh': 'echo testing\n' };

type Size = { files: number; sizeBytes: number; p50AtMostMs: number };

/** One commit: from before `git update-ref` until the first line of the test's output is read, in milliseconds. */
type Round = { total: number; cpuMs: number; parts: Readonly<Record<string, number>> };

/** What each part ends with, in order; each begins with the end of the one before. */
const parts: readonly (readonly [name: string, type: string])[] = [
  ['seen: recorded by the watcher', 'dev.cdevents.change.merged'],
  ['source: layer, snapshot, plan', 'dev.cdevents.build.queued'],
  ['build: taken up', 'dev.cdevents.build.started'],
  ['build: image pushed', 'dev.cdevents.artifact.packaged'],
  ['publish: image seen', 'dev.cdevents.artifact.published'],
  ['test: queued', 'dev.cdevents.testsuiterun.queued'],
  ['test: private copy made, command started', 'dev.cdevents.testsuiterun.started'],
  ['test: first line written', 'dev.cdeventsx.keelson-log.line'],
];

const figure = (name: string, what: string, size: Size): Figure => ({
  name,
  title: `commit to first line of test output, local, ${what}`,
  limitSeconds: 150,
  measure: (place) => measure(place, size),
});

export const commit = figure('commit', '100 files', { files: 100, sizeBytes: 400_000, p50AtMostMs: 150 });

export const commitLarge = figure('commit-large', '2,000 files and 20 MB, one file changed', {
  ...{ files: 2_000, sizeBytes: 20_000_000, p50AtMostMs: 500 },
});

async function measure(place: Workplace, size: Size): Promise<Measured> {
  const startedAt = nowMs();
  place.tell('making two repositories');
  const [watched, polled] = twins(place, size);
  const up = KeelsonUp.start(place.directory, [`${watched.repository.path}^main`]);
  place.defer(() => up.close());
  await up.find(({ type }) => type.startsWith('dev.cdevents.pipelinerun.finished'));
  const loop = PollLoop.start(polled.repository.path, path.join(place.directory, 'clone'), testCommand);
  place.defer(() => loop.stop());
  place.tell(`up to ${warmUps + mostRounds} commits each, in turns`);
  const ours: Round[] = [];
  const theirs: number[] = [];
  const plain: number[] = [];
  for (let index = 0; index < warmUps + mostRounds && nowMs() - startedAt < budgetMs; index += 1) {
    ours.push(await ourRound(up, watched, index));
    // Spread evenly over the time between two polls: the loop's luck is the same in every run.
    const waitMs = (((index * 7 + 0.5) % mostRounds) / mostRounds) * 1_000;
    theirs.push(await theirRound(loop, polled, { index, waitMs }));
    if (index % plainEvery === 0) plain.push(writePlainFiles(path.join(place.directory, 'plain', String(index)), size));
  }
  const measured = ours.slice(warmUps);
  const fileSystem = { name: 'as many files, made by a plain loop', value: median(plain), unit: 'ms' };
  const measures = [...measuresOf(measured, theirs.slice(warmUps), size), fileSystem];
  return { measures, notes: notesOf(measured.length) };
}

/** Two that are the same: the one we watch and the one that the loop polls. */
function twins({ directory }: Workplace, size: Size): [SampleRepository, SampleRepository] {
  const places = ['watched', 'polled'].map((name) => path.join(directory, name)) as [string, string];
  const watched = sampleRepository(places[0], { ...size, commits: warmUps + mostRounds, extra });
  cpSync(...places, { recursive: true });
  return [watched, { ...watched, repository: TestRepository.at(places[1]) }];
}

const notesOf = (rounds: number): string[] => [
  `n = ${rounds} each after ${warmUps} to warm up; measured from before \`git update-ref\` is started until the line is read from standard output`,
  'parts: medians, by the times that the events themselves carry; they need not add up to the median of the whole',
  'processor time: of `keelson up` and all that it starts, from the commit to the end of its run',
  'as many files: what the private copy takes at least, on this file system at this moment; see README.md',
  'the loop: `git ls-remote` every second, then `git fetch`, `git checkout` and the same command, in a clone that is kept; commits evenly spread between two polls',
];

function move(
  { repository, commits }: SampleRepository,
  index: number,
): { id: string; beganAt: number; movedAt: number } {
  const id = commits[index] ?? '';
  const beganAt = nowMs();
  updateRef(repository, id);
  return { id, beganAt, movedAt: nowMs() };
}

const updateRef = (repository: TestRepository, id: string): string =>
  repository.git('update-ref', 'refs/heads/main', id);

async function ourRound(up: KeelsonUp, watched: SampleRepository, index: number): Promise<Round> {
  const cpuBefore = cpuMsOf(up.pid, { children: true });
  const { id, beganAt, movedAt } = move(watched, index);
  const merged = await up.find(
    ({ type, data }) => type.startsWith(parts[0]?.[1] ?? '') && data.customData?.commit === id,
  );
  const run = merged.data.context.chainId ?? '';
  const inRun = (prefix: string) => (told: Told) => told.type.startsWith(prefix) && told.data.context.chainId === run;
  const line = await up.find(inRun('dev.cdeventsx.keelson-log.line'));
  const end = await up.find(inRun('dev.cdevents.pipelinerun.finished'));
  if (end.data.customData?.outcome !== 'success') throw new Error(`the run of commit ${index} did not end well`);
  const cpuMs = cpuMsOf(up.pid, { children: true }) - cpuBefore;
  const spent: Record<string, number> = { 'git update-ref': movedAt - beganAt };
  let before = movedAt;
  for (const [name, type] of parts) {
    const told = up.of(run).find(inRun(type));
    if (told === undefined) throw new Error(`keelson up did not tell ${type}`);
    const at = exactTime(told.time);
    spent[name] = at - before;
    before = at;
  }
  return { total: line.readAt - beganAt, cpuMs, parts: { ...spent, 'stored, told, read': line.readAt - before } };
}

/** Log lines carry nanoseconds, which Date cuts off. */
const exactTime = (time: string): number => Date.parse(time) + Number(/\.\d{3}(\d{0,6})/.exec(time)?.[1] ?? 0) / 1e6;

async function theirRound(
  loop: PollLoop,
  polled: SampleRepository,
  { index, waitMs }: { index: number; waitMs: number },
): Promise<number> {
  await loop.afterPoll(waitMs);
  const first = loop.firstLine();
  const { beganAt } = move(polled, index);
  return (await first) - beganAt;
}

function measuresOf(ours: readonly Round[], theirs: readonly number[], size: Size): Measure[] {
  const totals = ours.map(({ total }) => total);
  const ms = (name: string, value: number): Measure => ({ name, value, unit: 'ms' });
  return [
    { ...ms('p50', median(totals)), aim: { atMost: size.p50AtMostMs } },
    ms('p95', quantile(totals, 0.95)),
    ...Object.keys(ours[0]?.parts ?? {}).map((name) =>
      ms(`  ${name}`, median(ours.map((round) => round.parts[name] ?? 0))),
    ),
    ms('processor time for each commit', mean(ours.map(({ cpuMs }) => cpuMs))),
    ms('a loop that polls every second: p50', median(theirs)),
    ms('a loop that polls every second: p95', quantile(theirs, 0.95)),
    { name: 'ours to the loop: p50', value: median(totals) / median(theirs), unit: 'x', aim: { atMost: 1 } },
  ];
}
