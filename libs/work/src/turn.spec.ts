import type { RunData } from '@keelson/events';
import { beginKey, changeKey, runName, stageEndedKey } from '@keelson/ledger';
import { inTurn, Places, priorityOf } from './turn';
import { ref, service, source, time, Workshop } from './testing/workshop.contract';
import { workAtHand } from './work-at-hand';

describe('whose turn it is', () => {
  let world: Workshop;
  beforeEach(async () => {
    world = await Workshop.open();
  });
  afterEach(() => world.end());
  const waits = (name: string) => `while [ ! -e ${world.file(name)} ]; do sleep 0.02; done`;

  it('goes by priority, then by age', async () => {
    const runs: RunData[] = [];
    for (const [n, priority] of [undefined, 1, 0, 1].entries()) {
      const run = await world.queued('exit 0', { sequence: 9 - n, ...(priority === undefined ? {} : { priority }) });
      runs.push(run);
    }
    const turn = inTurn(await world.ledger.open(service)).map(({ event }) => (event.data.customData as RunData).run);
    expect(turn).toEqual([1, 3, 0, 2].map((n) => runs[n]!.run));
    const { running, waiting } = await workAtHand(world.ledger, { service, stage: 'build' });
    expect(running).toEqual([]);
    expect(waiting.map(({ run }) => run)).toEqual(turn);
    expect(waiting.map(({ priority }) => priority)).toEqual([1, 1, 0, 0]);
  });

  it('lets what came later and matters more begin before what waits', async () => {
    const script = `echo $KEELSON_RUN >> ${world.file('order')}`;
    const first = await world.queued(`${script}; ${waits('go')}`, { sequence: 3 });
    const runner = world.process({ limit: 1 });
    const isRunning = async () => (await workAtHand(world.ledger, { service, stage: 'build' })).running.length === 1;
    await runner.until('the first one runs', isRunning);
    const second = await world.queued(script, { sequence: 2 });
    const urgent = await world.queued(script, { sequence: 1, source: '/other', priority: 1 });
    const atHand = await workAtHand(world.ledger, { service, stage: 'build' });
    expect(atHand.running.map(({ run }) => run)).toEqual([first.run]);
    expect(atHand.waiting.map(({ run }) => run)).toEqual([urgent.run, second.run]);
    world.read('go');
    await runner.idle();
    expect(world.read('order').trim().split('\n')).toEqual([first.run, urgent.run]); // the second was superseded
  });

  it('leaves the places of a project that has all of its own to the others', async () => {
    const mine: RunData[] = [];
    for (const sequence of [5, 4, 3]) mine.push(await world.queued(waits('go'), { sequence }));
    const theirs = await world.queued(waits('go'), { source: '/repositories/gadget' });
    const runner = world.process({ limit: 3, projectLimit: 1 });
    await runner.until('two run', async () => (await runner.jobs.list()).length === 2);
    for (let looks = 0; looks < 5; looks += 1) await runner.pass();
    const names = (await runner.jobs.list()).map(({ name }) => name);
    expect(names.some((name) => name.startsWith(theirs.run))).toBe(true);
    expect(names.filter((name) => mine.some(({ run }) => name.startsWith(run)))).toHaveLength(1);
    world.read('go');
    await runner.idle();
    expect(await world.ledger.read(stageEndedKey({ ...theirs, stage: 'build' }))).toMatchObject({ outcome: 'success' });
  });

  it('does not depend on jobs that are there for somebody else', async () => {
    const run = await world.queued('exit 0');
    const runner = world.process({ limit: 1 });
    const others = { image: 'x@sha256:0', env: {}, workdir: '/src', timeoutMs: 60_000, artifacts: [] };
    await runner.jobs.ensure({ ...others, name: 'somebody-elses', command: ['sh', '-c', waits('go')] });
    await runner.idle();
    expect(await world.ledger.read(stageEndedKey({ ...run, stage: 'build' }))).toMatchObject({ outcome: 'success' });
    expect(await runner.jobs.list()).toMatchObject([{ name: 'somebody-elses', phase: 'running' }]);
    world.read('go');
  });

  it('comes sooner for what somebody asked for by hand', async () => {
    const pushed = await world.queued('exit 0');
    expect(await priorityOf(world.ledger, pushed)).toBe(0);
    const begin = (await world.ledger.read(beginKey(pushed.run, 1)))!;
    await world.ledger.write(beginKey(pushed.run, 2), { ...begin, attempt: 2, openedBy: 'command' });
    expect(await priorityOf(world.ledger, { ...pushed, attempt: 2 })).toBe(1);
    const requested = { ...pushed, run: '01900000-0000-7000-8000-000000000002', sequence: 2 };
    await world.ledger.write(changeKey(source, ref, 2), {
      ...{ run: requested.run, name: runName(requested.run), source, ref, sequence: 2, commit: pushed.commit },
      ...{ kind: 'requested', previous: null, contained: [], seenAt: time },
    });
    expect(await priorityOf(world.ledger, requested)).toBe(1);
  });
});

describe('places', () => {
  it('count what is there already, also beyond the limit', () => {
    const places = new Places({ limit: 2 });
    for (const project of ['a', 'a', 'b']) places.hold(project);
    expect(places.take('c')).toBe(false);
  });

  it('are bounded in all and for each project', () => {
    const places = new Places({ limit: 3, projectLimit: 2 });
    expect(['a', 'a', 'a', 'b', 'c'].map((project) => places.take(project))).toEqual([true, true, false, true, false]);
  });
});
