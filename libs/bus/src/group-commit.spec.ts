import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { BusUnavailableError } from './bus';
import { GroupCommit } from './group-commit';
import { closeStore, openStore } from './lmdb-store';
import type { Store } from './lmdb-store';

let directory: string;
let store: Store;
let log: string[];
let commits: GroupCommit<string[]>;

beforeEach(async () => {
  directory = mkdtempSync(path.join(tmpdir(), 'keelson-bus-'));
  store = await openStore(directory);
  log = [];
  commits = new GroupCommit<string[]>(store.root, {
    begin: () => [],
    finish: (works) => void store.meta.putSync('works', works.join()),
    committed: (works) => void log.push(`committed ${works.join()}`),
    failed: (error) => void log.push(`failed ${String(error)}`),
  });
});
afterEach(async () => {
  await closeStore(store);
  rmSync(directory, { recursive: true });
});

const put = (key: string) => (works: string[]) => {
  works.push(key);
  store.audit.putSync(key.length, key);
  return `did ${key}`;
};
const fail = (works: string[]): never => {
  put('half done')(works);
  throw new Error('too large');
};

test('what is asked for in one turn is one transaction, and each hears its own result', async () => {
  const results = await Promise.all([commits.run(put('a')), commits.run(put('bb')), commits.run(put('ccc'))]);
  expect(results).toEqual(['did a', 'did bb', 'did ccc']);
  expect(log).toEqual(['committed a,bb,ccc']);
  expect(store.meta.get('works')).toBe('a,bb,ccc');
});

test('one that fails is stored by no part, and does not take its neighbours with it', async () => {
  const results = await Promise.allSettled([commits.run(put('a')), commits.run(fail), commits.run(put('ccc'))]);
  expect(results.map((result) => result.status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
  expect([1, 3, 9].map((key) => store.audit.get(key))).toEqual(['a', 'ccc', undefined]);
  expect(log.filter((line) => line.startsWith('committed'))).toEqual(['committed a', 'committed ccc']);
});

test('one that fails alone is tried once', async () => {
  await expect(commits.run(fail)).rejects.toThrow('too large');
  expect(log).toEqual(['failed Error: too large']);
});

test('more than a group holds is committed all the same', async () => {
  const results = await Promise.all(Array.from({ length: 2_500 }, (_, index) => commits.run(() => index)));
  expect(results).toEqual(Array.from({ length: 2_500 }, (_, index) => index));
  expect(log).toHaveLength(3);
});

test('closing commits what is pending, and takes no more', async () => {
  const pending = commits.run(put('a'));
  commits.close();
  expect(store.audit.get(1)).toBe('a');
  expect(await pending).toBe('did a');
  await expect(commits.run(put('bb'))).rejects.toBeInstanceOf(BusUnavailableError);
});
