import { composeEvent, eventTypes } from '@keelson/events';
import { Ledger, openKey } from '@keelson/ledger';
import { DirObjectStore } from '@keelson/objects';
import { at, begin, digest, end, newDirectory, runOf } from '../fixture.contract';
import { untilPutAway } from './put-away';

describe('what is left of runs that have ended', () => {
  const unaborted = new AbortController().signal;
  let ledger: Ledger;
  const key = (number: number) =>
    openKey('image-builder', { run: runOf(number).run, attempt: 1, stage: 'build' as const });
  const opened = async (number: number): Promise<void> => {
    const run = runOf(number);
    await begin(ledger, run);
    const event = composeEvent({
      ...{ type: eventTypes.buildQueued, work: { run: run.run, attempt: 1, stage: 'source' }, service: 'bootstrapper' },
      ...{
        subjectId: 'x',
        content: {},
        time: at(1),
        customData: { ...run, snapshot: { reference: `r/widget-source@${digest}`, digest } },
      },
    });
    await ledger.write(key(number), { event, openedAt: at(1) });
  };
  const putAway = (withinMs: number) => untilPutAway(ledger, { withinMs, signal: unaborted });
  /** Longer than a test may take. */
  const forEver = 3_600_000;

  beforeEach(async () => {
    ledger = new Ledger(await DirObjectStore.open(newDirectory()));
  });

  it('is waited for, but not what still runs', async () => {
    await opened(1);
    await putAway(forEver);
    await opened(2);
    await end(ledger, runOf(2), { outcome: 'cancel', reason: { code: 'cancelled', message: 'x' } });
    const ended = putAway(forEver).then(() => 'put away');
    expect(await Promise.race([ended, new Promise((resolve) => setTimeout(resolve, 300, 'waits'))])).toBe('waits');
    await ledger.close(key(2));
    expect(await ended).toBe('put away');
  });

  it('is not waited for for ever', async () => {
    await opened(1);
    await end(ledger, runOf(1), { outcome: 'cancel', reason: { code: 'cancelled', message: 'x' } });
    const began = performance.now();
    await putAway(250);
    expect(performance.now() - began).toBeGreaterThan(200);
  });
});
