import { eventTypes } from '@keelson/events';
import type { Event, RunData } from '@keelson/events';
import { Ledger, openKey, runName, stageEndedKey, stageStartedKey } from '@keelson/ledger';
import { DirObjectStore } from '@keelson/objects';
import {
  at,
  begin,
  buildStarted,
  Captured,
  changeMerged,
  digest,
  end,
  eventOf,
  newDirectory,
  plan,
  runFinished,
  runOf,
  testQueued,
  testStarted,
} from '../fixture.contract';
import type { TestPlace } from './event-text';
import { TerminalReporter } from './terminal-reporter';

const run: RunData = runOf(1);
const name = runName(run.run);
const published = (of: RunData): Event =>
  eventOf(eventTypes.artifactPublished, {
    run: of,
    customData: { ...of, image: { repository: 'localhost:7070/widget', tag: 'main-1-aaaaaaaaaaaa', digest } },
  });

/** Records as they are after 9 s, the stages one after the other. */
async function recorded(ledger: Ledger, pipeline = 'test: { command: [./ci.sh, --fast] }'): Promise<void> {
  await begin(ledger, run);
  await plan(ledger, run, pipeline);
  const stages = { source: [0, 0.012], build: [1, 1.5], publish: [2, 2.004], test: [3, 9] } as const;
  for (const [stage, [from, to]] of Object.entries(stages)) {
    const key = { ...run, stage: stage as keyof typeof stages };
    await ledger.write(stageEndedKey(key), {
      ...{ stage: key.stage, outcome: 'success', startedAt: at(from), endedAt: at(to) },
    });
  }
}

async function newReporter({ isColoured = false, testPlace = 'machine' as TestPlace } = {}) {
  const ledger = new Ledger(await DirObjectStore.open(newDirectory()));
  const out = new Captured();
  return { ledger, out, reporter: new TerminalReporter(ledger, out.output, { isColoured, testPlace }) };
}

describe('what a person is told', () => {
  const told: [string, Event, string][] = [
    ['a commit', changeMerged(run), 'main aaaaaaaaaaaa  /srv/widget'],
    [
      'a branch that is gone',
      eventOf(eventTypes.branchDeleted, {
        run,
        customData: { source: '/srv/widget', ref: 'refs/heads/x', sequence: 2 },
      }),
      'x is gone',
    ],
    [
      'a source that is frozen, its subject made harmless',
      eventOf(eventTypes.buildQueued, { run, customData: { ...run, snapshot: { reference: 'x', digest } } }),
      'source     12 ms  sha256:555555555555  Add the ·[31mwidget',
    ],
    [
      'an image',
      eventOf(eventTypes.artifactPackaged, {
        ...{ run, content: { change: { id: run.commit } } },
        customData: { ...run, image: { repository: 'localhost:7070/widget', digest } },
      }),
      'build     500 ms  localhost:7070/widget@sha256:555555555555',
    ],
    ['what to pull', published(run), 'publish     4 ms  localhost:7070/widget:main-1-aaaaaaaaaaaa'],
    ['a test', testStarted(run), 'test     ./ci.sh --fast  on this machine'],
    [
      'another attempt',
      eventOf(eventTypes.runRetried, { run, customData: { run: run.run, attempt: 2, from: 'build' } }),
      'attempt 2 was asked for, from build',
    ],
    ['a cancellation', eventOf(eventTypes.runCancelled, { run, customData: { run: run.run } }), 'was asked to end'],
  ];
  it.each(told)('tells %s', async (_what, event, expected) => {
    const { ledger, out, reporter } = await newReporter();
    await recorded(ledger);
    await reporter.event(event);
    const about = event.type === eventTypes.branchDeleted ? '/srv/widget' : name;
    expect(out.lines).toEqual([`${about.padEnd(17)}  ${expected}`]);
  });

  it('says what is not entered', async () => {
    const { ledger, out, reporter } = await newReporter();
    await recorded(ledger, 'image: { base: "debian:12" }\ntest: { command: [./ci.sh] }');
    await reporter.event(testStarted(run));
    expect(out.lines[0]).toMatch(/\.\/ci\.sh {2}on this machine; the base image debian:12 is not entered here$/);
  });

  it.each([
    ['cluster', /\.\/ci\.sh {2}on the cluster$/],
    ['elsewhere', /\.\/ci\.sh$/],
  ] as const)('says where a test runs: %s', async (testPlace, expected) => {
    const { ledger, out, reporter } = await newReporter({ testPlace });
    await recorded(ledger, 'image: { base: "debian:12" }\ntest: { command: [./ci.sh] }');
    await reporter.event(testStarted(run));
    expect(out.lines[0]).toMatch(expected);
  });

  it.each([
    ['success', undefined, 'GREEN  9.0 s  (source 12 ms, build 500 ms, publish 4 ms, test 6.0 s)'],
    ['success', { code: 'no-test', message: 'nothing was tested' }, /^NOT TESTED {2}9.0 s {2}nothing was tested/],
    ['failure', { code: 'exit-code', message: 'exit code 3' }, /^RED {2}9.0 s {2}exit code 3 {2}\(source/],
    ['error', { code: 'lost', message: 'lost' }, /^ERROR {2}9.0 s {2}lost/],
    ['cancel', { code: 'superseded', message: 'newer' }, /^SUPERSEDED {2}9.0 s {2}newer/],
    ['cancel', { code: 'skipped', message: 'no file' }, /^SKIPPED {2}9.0 s {2}no file/],
  ] as const)('tells the verdict %s %j', async (outcome, reason, expected) => {
    const { ledger, out, reporter } = await newReporter();
    await recorded(ledger);
    const how = reason === undefined ? { outcome } : { outcome, reason };
    await end(ledger, run, how);
    await reporter.event(runFinished(run, how));
    const line = out.lines[0]!.slice(19);
    if (typeof expected === 'string') expect(line).toBe(expected);
    else expect(line).toMatch(expected);
  });

  it('tells a verdict of several lines below one another', async () => {
    const { ledger, out, reporter } = await newReporter();
    await recorded(ledger);
    const how = { outcome: 'failure', reason: { code: 'pipeline-file', message: 'a:1:1: one\na:2:1: two' } } as const;
    await end(ledger, run, how);
    await reporter.event(runFinished(run, how));
    expect(out.lines[0]).toMatch(/RED .* a:1:1: one/);
    expect(out.lines[1]).toBe(`${' '.repeat(19)}a:2:1: two`);
  });

  it('says that another attempt follows', async () => {
    const { ledger, out, reporter } = await newReporter();
    await recorded(ledger);
    await begin(ledger, { ...run, attempt: 2 }, at(9));
    const how = { outcome: 'error', reason: { code: 'lost', message: 'lost' } } as const;
    await end(ledger, run, how);
    await reporter.event(runFinished(run, how));
    expect(out.lines[0]).toMatch(/ERROR {2}9\.0 s {2}lost; attempt 2 follows/);
  });

  it('tells nothing of stages that this attempt did not do', async () => {
    const { ledger, out, reporter } = await newReporter();
    await recorded(ledger);
    await reporter.event(published({ ...run, attempt: 2 }));
    expect(out.lines).toEqual([]);
  });

  it('tells an event once, however often it is delivered', async () => {
    const { ledger, out, reporter } = await newReporter();
    await recorded(ledger);
    await reporter.event(changeMerged(run));
    await reporter.event(changeMerged(run));
    expect(out.lines).toHaveLength(1);
  });

  it('tells output behind the name of its run', async () => {
    const { out, reporter } = await newReporter();
    const line = { time: at(0), bytes: Buffer.from('ok 1\u001b[2J') };
    await reporter.logLine({ ...run, stage: 'test', name }, line);
    expect(out.lines).toEqual([`${name.padEnd(17)} │ ok 1·[2J`]);
  });

  it('tells what a builder prints for machines in words, each step once', async () => {
    const { ledger, out, reporter } = await newReporter();
    await recorded(ledger, 'build: { strategy: buildkit, dockerfile: docker/D }\ntest: { command: [a] }');
    await reporter.event(buildStarted(run));
    const vertex = { digest: 'x', name: '[2/3] COPY . .', started: at(1) };
    const told = { time: at(0), bytes: Buffer.from(JSON.stringify({ vertexes: [vertex] })) };
    for (let times = 0; times < 2; times += 1)
      await reporter.logLine({ ...run, stage: 'build', name, builder: 'buildkit' }, told);
    expect(out.lines).toEqual([
      `${name.padEnd(17)}  build    docker/D by buildkit`,
      `${name.padEnd(17)} │ [2/3] COPY . .`,
    ]);
  });

  it('has no colours where there are none, and ends each where there are', async () => {
    const [plain, coloured] = [await newReporter({ isColoured: false }), await newReporter({ isColoured: true })];
    for (const { reporter } of [plain, coloured]) await reporter.notice('/srv/wid\u001b[31mget', 'waiting');
    expect(plain.out.lines).toEqual(['/srv/wid·[31mget   waiting']);
    // eslint-disable-next-line no-control-regex -- colours are what is counted
    expect(coloured.out.lines[0]!.match(/\u001b\[\d+m/g)).toHaveLength(4);
  });
});

describe('a test that waits for a free place', () => {
  const open = (ledger: Ledger, of: RunData) =>
    ledger.write(openKey('test-runner', { ...of, stage: 'test' }), { event: published(of), openedAt: at(0) });
  const start = (ledger: Ledger, of: RunData) =>
    ledger.write(stageStartedKey({ ...of, stage: 'test' }), { stage: 'test', startedAt: at(0) });
  const written = async (out: Captured) => {
    while (out.lines.length === 0) await new Promise((resolve) => setTimeout(resolve, 10));
    return out.lines;
  };

  it('is told so with its place', async () => {
    const { ledger, out, reporter } = await newReporter();
    for (const number of [1, 2, 3, 4]) await open(ledger, runOf(number));
    for (const number of [1, 2]) await start(ledger, runOf(number));
    await reporter.event(testQueued(runOf(4)));
    expect(await written(out)).toEqual([
      expect.stringMatching(/ {2}test {5}waits for a free place: 2 running, 1 before it$/),
    ]);
  });

  it('is next in line when nobody is before it', async () => {
    const { ledger, out, reporter } = await newReporter();
    for (const number of [1, 2]) await open(ledger, runOf(number));
    await start(ledger, runOf(1));
    await reporter.event(testQueued(runOf(2)));
    expect(await written(out)).toEqual([expect.stringMatching(/1 running, next in line$/)]);
  });

  it('is not told so when it begins at once', async () => {
    const { ledger, out, reporter } = await newReporter();
    for (const number of [1, 2]) await open(ledger, runOf(number));
    await start(ledger, runOf(1));
    jest.useFakeTimers();
    try {
      await reporter.event(testQueued(runOf(2)));
      expect(jest.getTimerCount()).toBe(1);
      await reporter.event(testStarted(runOf(2)));
      expect(jest.getTimerCount()).toBe(0);
    } finally {
      jest.useRealTimers();
    }
    expect(out.lines).toEqual([expect.stringMatching(/test {5}running$/)]);
  });
});
