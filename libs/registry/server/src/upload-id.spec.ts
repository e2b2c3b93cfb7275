import { rm } from 'node:fs/promises';
import { DirObjectStore } from '@keelson/objects';
import { Layout } from './layout';
import { temporaryDirectory } from './testing/test-registry';
import { UploadIds } from './upload-id';

describe('upload ids', () => {
  let directory: string;
  let store: DirObjectStore;
  const layout = new Layout('registry/');
  beforeEach(async () => {
    directory = await temporaryDirectory();
    store = await DirObjectStore.open(directory);
  });
  afterEach(() => rm(directory, { recursive: true }));

  it('are known again by whoever opens the store, also when two open it first at once', async () => {
    const [one, two] = await Promise.all([UploadIds.open(store, layout), UploadIds.open(store, layout)]);
    const third = await UploadIds.open(store, layout);
    const session = one.issue('team/app', 1_700_000_000_000);
    expect(two.verify('team/app', session)).toMatchObject({ startedAtMs: 1_700_000_000_000 });
    expect(third.verify('team/app', session)).toEqual(two.verify('team/app', session));
  });

  it('are not known under another name, with one digit changed, or from another store', async () => {
    const ids = await UploadIds.open(store, layout);
    const other = await UploadIds.open(store, new Layout('elsewhere/'));
    const session = ids.issue('a', 1);
    const changed = [...session].map(
      (digit, at) => session.slice(0, at) + (digit === '0' ? '1' : '0') + session.slice(at + 1),
    );
    expect(changed.filter((text) => ids.verify('a', text))).toEqual([]);
    expect(ids.verify('b', session)).toBeUndefined();
    expect(other.verify('a', session)).toBeUndefined();
    for (const text of ['', '..', session.toUpperCase(), `${session}0`, session.slice(1)]) {
      expect(ids.verify('a', text)).toBeUndefined();
    }
  });
});
