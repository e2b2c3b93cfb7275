import { Ledger } from '@keelson/ledger';
import type { ChangeRecord } from '@keelson/ledger';
import { DirObjectStore } from '@keelson/objects';
import { begin, changeMerged, end, newDirectory, runFinished, runOf } from '../fixture.contract';
import { Once, statusOf } from './once';

it.each([
  ['success', undefined, 0],
  ['success', 'no-test', 0],
  ['failure', 'exit-code', 1],
  ['error', 'lost', 2],
  ['cancel', 'superseded', 0],
  ['cancel', 'cancelled', 2],
  ['skipped', 'skipped', 2],
  ['running', undefined, 2],
] as const)('an end in %s (%s) is status %d', (outcome, code, status) => {
  expect(statusOf(outcome, code)).toBe(status);
});

describe('--once', () => {
  let ledger: Ledger;
  const change = (number: number, kind: ChangeRecord['kind'] = 'created') =>
    ({ ...runOf(number), name: 'x', kind, previous: null, contained: [], seenAt: '' }) as unknown as ChangeRecord;
  const finish = async (once: Once, number: number, outcome: 'success' | 'failure' | 'error') => {
    const how = outcome === 'success' ? { outcome } : { outcome, reason: { code: 'x', message: 'x' } };
    await end(ledger, runOf(number), how);
    await once.event(runFinished(runOf(number), how));
  };
  /** The status once it is settled; undefined before. */
  const settled = (once: Once) =>
    Promise.race([once.status, new Promise((resolve) => setImmediate(resolve, undefined))]);

  beforeEach(async () => {
    ledger = new Ledger(await DirObjectStore.open(newDirectory()));
    for (const number of [1, 2, 3]) await begin(ledger, runOf(number));
  });

  it('waits for every head of every source', async () => {
    const once = new Once(ledger, ['a', 'b']);
    await once.looked('a', [change(1), change(2)]);
    await finish(once, 1, 'success');
    await finish(once, 2, 'success');
    expect(await settled(once)).toBeUndefined();
    await once.looked('b', [change(3)]);
    expect(await settled(once)).toBeUndefined();
    await finish(once, 3, 'success');
    expect(await settled(once)).toBe(0);
  });

  it('tells the worst', async () => {
    const once = new Once(ledger, ['a']);
    await once.looked('a', [change(1), change(2), change(3)]);
    await finish(once, 1, 'failure');
    await finish(once, 2, 'error');
    await finish(once, 3, 'success');
    expect(await settled(once)).toBe(2);
  });

  it('ends at once when all has its verdict already', async () => {
    await end(ledger, runOf(1), { outcome: 'failure', reason: { code: 'x', message: 'x' } });
    const once = new Once(ledger, ['a']);
    await once.looked('a', [change(1)]);
    expect(await settled(once)).toBe(1);
  });

  it('waits for the next attempt after an error of ours', async () => {
    const once = new Once(ledger, ['a']);
    await once.looked('a', [change(1)]);
    await begin(ledger, runOf(1, 2));
    await finish(once, 1, 'error');
    expect(await settled(once)).toBeUndefined();
    await end(ledger, runOf(1, 2), { outcome: 'success' });
    await once.event(runFinished(runOf(1, 2), { outcome: 'success' }));
    expect(await settled(once)).toBe(0);
  });

  it('follows a head that moves on meanwhile', async () => {
    const once = new Once(ledger, ['a']);
    await once.looked('a', [change(1)]);
    await once.looked('a', [change(2)]);
    await finish(once, 1, 'failure');
    expect(await settled(once)).toBeUndefined();
    await finish(once, 2, 'success');
    expect(await settled(once)).toBe(0);
  });

  it('is an error where there is nothing to build', async () => {
    const once = new Once(ledger, ['a', 'b']);
    await once.looked('a', []);
    await once.unreadable('b');
    expect(await settled(once)).toBe(2);
  });

  it('has nothing to wait for where only the next commit counts', async () => {
    const once = new Once(ledger, ['a']);
    await once.looked('a', [change(1, 'baseline')]);
    await once.event(changeMerged(runOf(1)));
    expect(await settled(once)).toBe(0);
  });
});
