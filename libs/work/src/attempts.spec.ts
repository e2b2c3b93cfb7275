import { eventTypes } from '@keelson/events';
import type { RunData } from '@keelson/events';
import {
  beginKey,
  changeKey,
  endKey,
  endOf,
  endRun,
  openKey,
  runFields,
  runName,
  stageEndedKey,
} from '@keelson/ledger';
import { ref, source, time, service, Workshop } from './testing/workshop.contract';

describe('an error of ours', () => {
  let world: Workshop;
  beforeEach(async () => {
    world = await Workshop.open();
  });
  afterEach(() => world.end());
  const endOfRun = ({ run }: RunData, attempt: number) => world.ledger.read(endKey(run, attempt));
  const openOf = ({ run }: RunData, attempt: number) =>
    world.ledger.read(openKey(service, { run, attempt, stage: 'build' }));
  const counted = () => `echo $KEELSON_ATTEMPT >> ${world.file('ran')}`;

  /** A first attempt that was killed, with a second one open. */
  async function killed(script = 'kill -KILL $$'): Promise<RunData> {
    const run = await world.queued(`${counted()}; ${script}`);
    const runner = world.process();
    await runner.until('the first attempt has ended', async () => (await endOfRun(run, 1)) !== undefined);
    return run;
  }

  it('opens the next attempt, to begin after a while, before it is told', async () => {
    const run = await world.queued(`${counted()}; kill -KILL $$`);
    const runner = world.process();
    const ended = await runner.seen('ended');
    expect(await world.ledger.attempts(run.run)).toEqual([1]);
    await runner.report(ended);
    const begin = await world.ledger.read(beginKey(run.run, 2));
    expect(begin).toMatchObject({
      ...runFields(run),
      attempt: 2,
      name: runName(run.run),
      from: 'build',
      openedBy: service,
    });
    const open = (await openOf(run, 2))!;
    expect(open.event).toMatchObject({ type: eventTypes.buildQueued, time: begin?.openedAt });
    expect(open.event.data.customData).toMatchObject({ ...run, attempt: 2 });
    expect(Date.parse(open.notBefore!) - Date.parse(open.openedAt)).toBe(60_000);
    expect(await endOfRun(run, 1)).toMatchObject({ outcome: 'error', reason: { code: 'killed' } });
    await runner.observer.mark(ended);
    expect((await runner.pass()).map(({ kind }) => kind)).toEqual([]); // not yet
    world.laterMs = 60_000;
    expect((await runner.pass()).map(({ kind }) => kind)).toEqual(['start']);
  });

  it('is tried twice more at most, each attempt with records and a log of its own', async () => {
    const run = await killed('echo output; kill -KILL $$');
    world.laterMs = 120_000;
    const runner = world.process();
    await runner.until('the second attempt has ended', async () => (await endOfRun(run, 2)) !== undefined);
    world.laterMs = 240_000;
    await runner.idle();
    expect(await world.ledger.attempts(run.run)).toEqual([1, 2, 3]);
    for (const attempt of [1, 2, 3]) {
      expect(await endOfRun(run, attempt)).toMatchObject({ outcome: 'error', attempt });
      expect(await world.log({ ...run, attempt })).toBe('output');
    }
    expect(world.read('ran')).toBe('1\n2\n3\n');
  });

  it('is healed by an attempt that goes well', async () => {
    const run = await killed('[ $KEELSON_ATTEMPT = 2 ] || kill -KILL $$');
    world.laterMs = 60_000;
    await world.process().idle();
    expect(await world.ledger.attempts(run.run)).toEqual([1, 2]);
    expect(await endOfRun(run, 1)).toMatchObject({ outcome: 'error' });
    expect(await endOfRun(run, 2)).toMatchObject({ outcome: 'success' });
  });

  it('is not tried again when the run was cancelled', async () => {
    const run = await world.queued('kill -KILL $$');
    const runner = world.process();
    const ended = await runner.seen('ended');
    const work = { run, stage: 'build', service: service, now: time } as const;
    await endRun(world.ledger, endOf(work, 'cancel', { code: 'cancelled', message: 'asked' }));
    await runner.report(ended); // it had looked before
    await runner.observer.mark(ended);
    await runner.idle();
    expect(await world.ledger.attempts(run.run)).toEqual([1]);
    expect(await endOfRun(run, 1)).toMatchObject({ outcome: 'cancel' });
  });

  it('is not tried again when a newer change came while the next attempt waited', async () => {
    const run = await killed();
    const about = { run: run.run, name: runName(run.run), source, ref, sequence: 2, commit: 'd'.repeat(40) };
    await world.ledger.write(changeKey(source, ref, 2), {
      ...about,
      ...{ kind: 'advanced', previous: null, contained: [], seenAt: time },
    });
    await world.process().idle();
    expect(await endOfRun(run, 2)).toMatchObject({ outcome: 'cancel', reason: { code: 'superseded' } });
    expect(world.read('ran')).toBe('1\n');
  });

  it('opens no attempt beside one that somebody asked for', async () => {
    const run = await world.queued('kill -KILL $$');
    const runner = world.process();
    const ended = await runner.seen('ended');
    const begin = await world.ledger.read(beginKey(run.run, 1));
    await world.ledger.write(beginKey(run.run, 2), { ...begin!, attempt: 2, openedBy: 'command' });
    await runner.report(ended);
    expect(await openOf(run, 2)).toBeUndefined(); // the bootstrapper tells of it
    expect(await world.ledger.read(stageEndedKey({ ...run, stage: 'build' }))).toMatchObject({ outcome: 'error' });
  });
});
