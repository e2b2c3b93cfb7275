import { setTimeout as sleep } from 'node:timers/promises';
import { services } from '../../e2e/cluster/support/service-process';
import type { Figure, Measure, Measured, Skipped, Workplace } from '../figure';
import { bareJob } from '../fixtures/bare-job';
import type { BareJob } from '../fixtures/bare-job';
import { ClusterColumn } from '../fixtures/cluster-column';
import type { ReadLine } from '../fixtures/cluster-column';
import { whyNoServices } from '../fixtures/five-services';
import { nowMs } from '../fixtures/keelson-up';
import { rssOf } from '../fixtures/process-facts';
import { quantile } from '../statistics';

const warmUps = 2;
const mostRounds = 20;
const budgetMs = 250_000;
const liveLines = 60;
/** The kubelet looks at its containers about once a second: a commit may come at any time in between. */
const kubeletMs = 1_000;

/** One commit, milliseconds. */
type Round = { noticed: number; firstLine: number; afterNotice: number; toEndSeen: number; toFinished: number };
type Rounds = { told: Round[]; found: Round[]; bare: BareJob[] };

export const cluster: Figure = {
  name: 'cluster',
  title: 'the five services on RabbitMQ, an S3 store and Kubernetes',
  limitSeconds: 400,
  async measure(place): Promise<Measured | Skipped> {
    const why = whyNoServices();
    if (why !== undefined) return { skipped: why };
    const column = await ClusterColumn.start(place);
    place.tell('half a minute of idling');
    await sleep(30_000);
    const memory = services.map((name): Measure => {
      const atMost = name === 'image-builder' || name === 'test-runner' ? 200 : 130;
      return { name: `idle: RSS of ${name}`, value: rssOf(column.five.service(name).pid), unit: 'MB', aim: { atMost } };
    });
    const rounds = await measureRounds(place, column);
    const live = await liveLinesOf(place, column);
    return { measures: [...measuresOf(rounds), ...liveMeasures(live), ...memory], notes: notesOf(rounds, live) };
  },
};

const notesOf = ({ told, found }: Rounds, live: readonly ReadLine[]): string[] => [
  `n = ${told.length} told and ${found.length} found after ${warmUps} of each to warm up, in turns with the bare Job, each begun at a random time: the kubelet sees what has become of its containers about once a second`,
  'told: an event to `ci.inbox` follows the commit, as from a hook of the git server; found: nobody tells, and the repository is looked at every second',
  'first line: from before `git commit` until the line is read from the store; after the notice: from the arrival of `change.merged` at a consumer beside the services',
  'the bare Job: `kubectl create` of a Job with the base image that prints one line, until `kubectl logs` has it',
  'each test prints, takes one to two seconds and prints again; container ended: the time that the kubelet gave its last line; finished: when the event arrived at a consumer; the cluster says so: a watch of pods in `kubectl` has the exit code',
  `live line: ${live.length} lines of one test, ten a second, from the time that the kubelet gave each until a reader of the store has it`,
];

function measuresOf({ told, found, bare }: Rounds): Measure[] {
  const both = [...told, ...found];
  const [toldLine, foundLine, bareLine] = [part(told, 'firstLine'), part(found, 'firstLine'), part(bare, 'readable')];
  const ended = part(both, 'toFinished');
  const afterEndSeen = both.map(({ toFinished, toEndSeen }) => toFinished - toEndSeen);
  return [
    p50('commit to first line readable, told', toldLine, 1_500),
    p99('commit to first line readable, told', toldLine),
    p50('commit to first line readable, found', foundLine, 1_500),
    p99('commit to first line readable, found', foundLine),
    p50('commit to noticed, told', part(told, 'noticed')),
    p50('commit to noticed, found', part(found, 'noticed')),
    p50('noticed to first line readable', part(both, 'afterNotice')),
    p50('a bare Job: create to line readable', bareLine),
    p99('a bare Job: create to line readable', bareLine),
    p50('a bare Job: create to container said to have ended', part(bare, 'endSeen')),
    {
      ...{ name: 'ours: told, beyond the bare Job, p50', unit: 'ms', aim: { atMost: 500 } },
      value: quantile(toldLine, 0.5) - quantile(bareLine, 0.5),
    },
    p50('container ended to testsuiterun.finished', ended, 500),
    p99('container ended to testsuiterun.finished', ended),
    p50('container ended to the cluster says so', part(both, 'toEndSeen')),
    p50('the cluster says so to testsuiterun.finished', afterEndSeen),
  ];
}

const part = <T, K extends keyof T>(of: readonly T[], key: K): T[K][] => of.map((each) => each[key]);

const at =
  (share: number) =>
  (name: string, values: readonly number[], atMost?: number): Measure => {
    const measure = { name: `${name}, p${share * 100}`, unit: 'ms', value: quantile(values, share) };
    return atMost === undefined ? measure : { ...measure, aim: { atMost } };
  };
const [p50, p99] = [at(0.5), at(0.99)];

function liveMeasures(lines: readonly ReadLine[]): Measure[] {
  const lags = lines.map(({ readAt, writtenAt }) => readAt - writtenAt);
  return [p50('live line: written to readable', lags, 1_000), p99('live line: written to readable', lags, 3_000)];
}

async function measureRounds(place: Workplace, column: ClusterColumn): Promise<Rounds> {
  place.tell(`up to ${mostRounds} times a commit that is told, one that is found, and a bare Job`);
  const rounds: Rounds = { told: [], found: [], bare: [] };
  const giveUpAt = nowMs() + budgetMs;
  for (let index = 0; index < warmUps + mostRounds && nowMs() < giveUpAt; index += 1) {
    rounds.told.push(await round(column, `told ${index}`, true));
    rounds.found.push(await round(column, `found ${index}`, false));
    await sleep(Math.random() * kubeletMs);
    rounds.bare.push(await bareJob(column.five.own.name, `bare-${index}`));
  }
  const { told, found, bare } = rounds;
  return { told: told.slice(warmUps), found: found.slice(warmUps), bare: bare.slice(warmUps) };
}

async function round(column: ClusterColumn, name: string, isTold: boolean): Promise<Round> {
  await sleep(Math.random() * kubeletMs);
  const beganAt = nowMs();
  column.repository.commit(name, { 'change.txt': name });
  if (isTold) await column.tell();
  const { run, noticedAt } = await column.newRun();
  const lines: ReadLine[] = [];
  for await (const line of column.lines(run)) lines.push(line);
  const [first, last] = [lines[0], lines.at(-1)];
  if (first === undefined || last === undefined) throw new Error(`the test of ${run} printed nothing`);
  const finishedAt = await column.finished(run);
  return {
    noticed: noticedAt - beganAt,
    firstLine: first.readAt - beganAt,
    afterNotice: first.readAt - noticedAt,
    toEndSeen: column.endSeenAt(run) - last.writtenAt,
    toFinished: finishedAt - last.writtenAt,
  };
}

async function liveLinesOf(place: Workplace, column: ClusterColumn): Promise<readonly ReadLine[]> {
  place.tell(`a test of ${liveLines} lines, ten a second`);
  const script = `#!/bin/sh\nfor line in $(seq ${liveLines}); do echo "line $line"; sleep 0.1; done\n`;
  column.repository.commit('lines', { 'ci.sh': { executable: script } });
  await column.tell();
  const lines: ReadLine[] = [];
  for await (const line of column.lines((await column.newRun()).run)) lines.push(line);
  return lines;
}
