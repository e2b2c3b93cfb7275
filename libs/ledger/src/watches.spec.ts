import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { DirObjectStore } from '@keelson/objects';
import { watchKey, watchName } from './keys';
import { Ledger } from './ledger';
import type { WatchRecord } from './records';
import { Watches } from './watches';

describe('what the records say is to be watched', () => {
  const directory = mkdtempSync(path.join(tmpdir(), 'keelson-watches-'));
  let ledger: Ledger;
  beforeAll(async () => {
    ledger = new Ledger(await DirObjectStore.open(directory));
  });
  afterAll(() => rmSync(directory, { recursive: true }));

  const write = async (of: Pick<WatchRecord, 'source' | 'pattern' | 'sequence' | 'isWatched'>) => {
    const record = { ...of, event: `event-${of.sequence}`, askedAt: '2026-11-24T10:00:00Z' };
    await ledger.write(watchKey(watchName(of), of.sequence), record);
    return record;
  };

  it('is nothing at first', async () => {
    expect(await new Watches(ledger).current()).toEqual([]);
    expect(await new Watches(ledger).history({ source: '/srv/widget' })).toEqual([]);
  });

  it('is the newest record of each source and pattern, also as seen by one who looked before', async () => {
    const watches = new Watches(ledger);
    const first = await write({ source: '/srv/widget', sequence: 1, isWatched: true });
    const other = await write({ source: '/srv/widget', pattern: 'release/*', sequence: 1, isWatched: true });
    expect(await watches.current()).toEqual([first, other]);
    const second = await write({ source: '/srv/widget', sequence: 2, isWatched: false });
    expect(await watches.current()).toEqual([second, other]);
    expect(await watches.history(first)).toEqual([first, second]);
    expect(await new Watches(ledger).history(other)).toEqual([other]);
  });
});
