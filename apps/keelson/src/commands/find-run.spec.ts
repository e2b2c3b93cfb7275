import { Ledger, runName } from '@keelson/ledger';
import { DirObjectStore } from '@keelson/objects';
import { begin, newDirectory, runOf } from '../fixture.contract';
import { findRun } from './find-run';

describe('what a person calls a run', () => {
  const [first, last] = [runOf(1), runOf(2)];
  let ledger: Ledger;
  beforeAll(async () => {
    ledger = new Ledger(await DirObjectStore.open(newDirectory()));
    for (const run of [first, last]) await begin(ledger, run);
  });

  it.each([
    ['its id', first.run, first.run],
    ['its name', runName(first.run), first.run],
    ['`last`', 'last', last.run],
  ])('may be %s', async (_what, text, run) => {
    expect(await findRun(ledger, text)).toBe(run);
  });

  it('may be the beginning of its id, while that is one run only', async () => {
    await expect(findRun(ledger, first.run.slice(0, 8))).rejects.toThrow(/could be any of .*01, .*02; give the id/);
    const alone = new Ledger(await DirObjectStore.open(newDirectory()));
    await begin(alone, first);
    expect(await findRun(alone, first.run.slice(0, 8))).toBe(first.run);
    await expect(findRun(alone, first.run.slice(0, 7))).rejects.toThrow(/there is no run/);
  });

  it('is asked for again when there is none', async () => {
    await expect(findRun(ledger, 'x\u001b[2J')).rejects.toThrow(
      'there is no run "x\\u001b[2J"; `keelson runs` lists them',
    );
    const empty = new Ledger(await DirObjectStore.open(newDirectory()));
    await expect(findRun(empty, 'last')).rejects.toThrow(/there are no runs yet; `keelson up` makes some/);
  });
});
