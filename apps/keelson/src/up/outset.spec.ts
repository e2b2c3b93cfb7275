import type { Source } from '@keelson/git';
import type { ChangeRecord } from '@keelson/ledger';
import { begin, end, newAsking, runOf } from '../fixture.contract';
import { Outset } from './outset';
import { Telling } from './telling';

const source: Source = { location: { kind: 'local', path: '/srv/widget' }, name: '/srv/widget' };
const change = (number: number, kind: ChangeRecord['kind'] = 'created') =>
  ({ ...runOf(number), name: 'x', kind, previous: null, contained: [], seenAt: '' }) as unknown as ChangeRecord;

async function newOutset(isOnce = false) {
  const { asking, ledger, out } = await newAsking();
  return { ledger, out, outset: new Outset(ledger, new Telling(asking), { isOnce }) };
}

describe('what was accounted for before', () => {
  it('is said once, with why, and that the next commit is waited for', async () => {
    const { ledger, out, outset } = await newOutset();
    await begin(ledger, runOf(1));
    await end(ledger, runOf(1), { outcome: 'cancel', reason: { code: 'skipped', message: 'no file' } });
    await outset.looked(source, [change(1)]);
    await outset.looked(source, [change(1)]);
    expect(out.lines.map((line) => line.slice(19))).toEqual([
      'main aaaaaaaaaaaa has its verdict already: skipped: no file',
      'waiting for the next commit',
    ]);
  });

  it('is counted where it is many', async () => {
    const { ledger, out, outset } = await newOutset(true);
    const numbers = [1, 2, 3, 4, 5, 6, 7];
    for (const number of numbers) {
      await begin(ledger, runOf(number));
      await end(ledger, runOf(number), { outcome: number > 2 ? 'success' : 'failure' });
    }
    await outset.looked(
      source,
      numbers.map((number) => change(number)),
    );
    expect(out.lines).toEqual([
      expect.stringMatching(/^\/srv\/widget +7 heads \(2 failure, 5 success\) have their verdict already$/),
    ]);
  });

  it('is not what runs, or ended since', async () => {
    const { ledger, out, outset } = await newOutset();
    await begin(ledger, runOf(1));
    await outset.looked(source, [change(1)]);
    expect(out.lines).toEqual([]);
  });

  it('is nothing where a head is only the place to start from', async () => {
    const { out, outset } = await newOutset();
    await outset.looked(source, [change(1, 'baseline')]);
    expect(out.lines.map((line) => line.slice(19))).toEqual(['waiting for the next commit']);
  });

  it('is not told of a source that has nothing yet', async () => {
    const { out, outset } = await newOutset();
    await outset.looked(source, []);
    expect(out.lines).toEqual([]);
  });
});
