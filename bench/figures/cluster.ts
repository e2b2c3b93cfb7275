import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { AmqpBus } from '@keelson/bus';
import { eventTypes } from '@keelson/events';
import { logPrefix } from '@keelson/ledger';
import type { Ledger } from '@keelson/ledger';
import { readLog } from '@keelson/logs';
import { emit } from '@keelson/stage';
import type { OwnServers } from '../../e2e/cluster/support/own-servers';
import { services } from '../../e2e/cluster/support/service-process';
import { GitHttpServer } from '../../libs/git/src/testing/git-http-server';
import { TestRepository } from '../../libs/git/src/testing/test-repository';
import { servers } from '../../testbed/servers';
import type { Figure, Measure, Measured, Skipped, Workplace } from '../figure';
import { startServices, whyNoServices } from '../fixtures/five-services';
import { nowMs } from '../fixtures/keelson-up';
import { kubectl, kubectlEnvironment } from '../fixtures/kubectl';
import { patiently } from '../fixtures/patiently';
import { rssOf } from '../fixtures/process-facts';
import { quantile } from '../statistics';

const warmUps = 2;
const mostRounds = 15;
const budgetMs = 100_000;
const patience = { withinMs: 30_000, everyMs: 10 };

/** One commit, milliseconds. */
type Round = { firstLine: number; toFinished: number; bare: number };

export const cluster: Figure = {
  name: 'cluster',
  title: 'the five services on RabbitMQ, an S3 store and Kubernetes',
  limitSeconds: 240,
  async measure(place): Promise<Measured | Skipped> {
    const why = whyNoServices();
    if (why !== undefined) return { skipped: why };
    const repository = repositoryIn(place);
    const git = await GitHttpServer.start({ root: place.directory });
    place.defer(() => git.stop());
    const five = await startServices(place, { KEELSON_SOURCES: `${git.url('widget/.git')}^main` });
    const { own } = five;
    const finished = await watchFinished(own, place);
    await sleep(5_000);
    const memory = services.map((name): Measure => {
      const atMost = name === 'image-builder' || name === 'test-runner' ? 200 : 130;
      return { name: `idle: RSS of ${name}`, value: rssOf(five.service(name).pid), unit: 'MB', aim: { atMost } };
    });
    const rounds = await measureRounds(place, { own, repository, finished });
    return { measures: [...measuresOf(rounds), ...memory], notes: notesOf(rounds.length) };
  },
};

const notesOf = (count: number): string[] => [
  `n = ${count} after ${warmUps} to warm up, in turns with the bare Job; from before \`git commit\` until the line is read from the store`,
  'the repository is looked at every second: half a second of the median is that',
  'the bare Job: `kubectl create` of a Job with the base image that prints one line, until `kubectl logs` has it',
  'container ended: the time that the kubelet gave its last line; finished: when the event arrived at a consumer',
];

function measuresOf(rounds: readonly Round[]): Measure[] {
  const of = (name: string, share: number, part: keyof Round): Measure => ({
    ...{ name: `${name}, p${share * 100}`, unit: 'ms' },
    value: quantile(
      rounds.map((round) => round[part]),
      share,
    ),
  });
  const p50 = of('commit to first line readable', 0.5, 'firstLine');
  const bare = of('a bare Job: create to line readable', 0.5, 'bare');
  const { value } = of('', 0.5, 'firstLine');
  return [
    { ...p50, aim: { atMost: 1_500 } },
    of('commit to first line readable', 0.99, 'firstLine'),
    bare,
    of('a bare Job: create to line readable', 0.99, 'bare'),
    { name: 'ours to the bare Job, p50', value: value / bare.value, unit: 'x' },
    { ...of('container ended to testsuiterun.finished', 0.5, 'toFinished'), aim: { atMost: 500 } },
    of('container ended to testsuiterun.finished', 0.99, 'toFinished'),
  ];
}

function repositoryIn({ directory }: Workplace): TestRepository {
  const repository = TestRepository.create(path.join(directory, 'widget'));
  repository.commit('first', {
    '.keelson.yaml': `image: { name: widget, base: '${servers.registry}/busybox:1' }\ntest:\n  command: ["./ci.sh"]\n`,
    'ci.sh': { executable: '#!/bin/sh\necho testing\n' },
  });
  return repository;
}

type Finished = (run: string) => Promise<number>;

/** When the end of a run's test arrived at a consumer beside the services. */
async function watchFinished(own: OwnServers, place: Workplace): Promise<Finished> {
  const url = new URL(own.settings().KEELSON_AMQP ?? '');
  url.password = encodeURIComponent(own.amqpPassword);
  const bus = await AmqpBus.open({ url: url.href, mandatoryTypes: [] });
  place.defer(() => bus.close());
  const types = [eventTypes.testSuiteRunFinished];
  await bus.declare('bench', types);
  const arrivals = new Map<string, number>();
  const stopping = new AbortController();
  const consumed = bus.consume(
    { service: 'bench', types, prefetch: 10 },
    async (event) => {
      arrivals.set(event.data.context.chainId, nowMs());
      return emit();
    },
    stopping.signal,
  );
  place.defer(async () => {
    stopping.abort();
    await consumed;
  });
  return (run) => patiently(`the end of ${run}`, () => arrivals.get(run), patience);
}

type Running = { own: OwnServers; repository: TestRepository; finished: Finished };

async function measureRounds(place: Workplace, { own, repository, finished }: Running): Promise<Round[]> {
  const ledger = await own.ledger();
  const seen = new Set<string>();
  const newRun = () => patiently('a run', async () => (await ledger.runs()).find((run) => !seen.has(run)), patience);
  const rounds: Round[] = [];
  await finished(await newRun().then((run) => (seen.add(run), run)));
  place.tell(`up to ${warmUps + mostRounds} commits, in turns with bare Jobs`);
  const giveUpAt = nowMs() + budgetMs;
  for (let index = 0; index < warmUps + mostRounds && nowMs() < giveUpAt; index += 1) {
    const beganAt = nowMs();
    repository.commit(`change ${index}`, { 'change.txt': String(index) });
    const run = await newRun();
    seen.add(run);
    const line = await firstLine(ledger, run);
    const toFinished = (await finished(run)) - line.time;
    rounds.push({ firstLine: line.readAt - beganAt, toFinished, bare: await bareJob(own.name, index) });
  }
  return rounds.slice(warmUps);
}

async function firstLine(ledger: Ledger, run: string): Promise<{ readAt: number; time: number }> {
  const place = { store: ledger.store, prefix: logPrefix({ run, attempt: 1, stage: 'test' }) };
  const late = AbortSignal.timeout(patience.withinMs);
  for await (const { time } of readLog({ ...place, follow: true, pollMs: 20 }, late))
    return { readAt: nowMs(), time: Date.parse(time) };
  throw new Error(`the test of ${run} printed nothing`);
}

/** The floor: what the cluster takes for a Job that prints a line. */
async function bareJob(namespace: string, index: number): Promise<number> {
  const name = `bare-${index}`;
  const container = { name: 'main', image: `${servers.registry}/busybox:1`, command: ['echo', 'testing'] };
  const template = { spec: { restartPolicy: 'Never', containers: [container] } };
  const job = { apiVersion: 'batch/v1', kind: 'Job', metadata: { name }, spec: { backoffLimit: 0, template } };
  const beganAt = nowMs();
  kubectl(['create', '-n', namespace, '-f', '-'], JSON.stringify(job));
  return patiently(
    `the line of ${name}`,
    () => {
      const logs = ['logs', '-n', namespace, `job/${name}`];
      const { stdout } = spawnSync('kubectl', logs, { env: kubectlEnvironment, encoding: 'utf8' });
      return stdout.includes('testing') ? nowMs() - beganAt : undefined;
    },
    patience,
  );
}
