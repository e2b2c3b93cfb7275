import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { DirObjectStore } from '@keelson/objects';
import { Ledger } from './ledger';

describe('what a ledger lists', () => {
  let directory: string;
  let ledger: Ledger;
  const put = (...keys: readonly string[]) => Promise.all(keys.map((key) => ledger.store.put(key, Buffer.from('{}'))));

  beforeEach(async () => {
    directory = await mkdtemp(path.join(tmpdir(), 'keelson-ledger-'));
    ledger = new Ledger(await DirObjectStore.open(directory));
  });
  afterEach(() => rm(directory, { recursive: true, force: true }));

  it('are the attempts of a run, in the order of their numbers', async () => {
    await put('runs/a/10/begin.json', 'runs/a/9/begin.json', 'runs/a/plan.json', 'runs/a/manifests/1.json');
    expect(await ledger.attempts('a')).toEqual([9, 10]);
    expect(await ledger.attempts('b')).toEqual([]);
  });

  it.each(['a/b', '..', '.', 'a b', '../changes', 'a%2Fb'])('has no attempts of %s, which is no run', async (name) => {
    await put('runs/a/b/3/begin.json', 'changes/1/main/1.json');
    expect(await ledger.attempts(name)).toEqual([]);
  });

  it('are read several at once, but not all, and told in their order', async () => {
    const numbers = Array.from({ length: 40 }, (_, index) => String(index + 10));
    await put(...numbers.map((number) => `changes/source-${number}/main/1.json`));
    await put(...numbers.map((number) => `images/repository-${number}/sha256%3Aa/run-${number}`));
    const { store } = ledger;
    let inWork = 0;
    let most = 0;
    const counted: typeof store.listSegments = async (prefix) => {
      most = Math.max(most, (inWork += 1));
      await new Promise((resolve) => setTimeout(resolve, 5)); // as on a network
      return DirObjectStore.prototype.listSegments.call(store, prefix).finally(() => (inWork -= 1));
    };
    store.listSegments = counted;
    expect(await ledger.runsOfImage('sha256:a')).toEqual(numbers.map((number) => `run-${number}`));
    expect(most).toBe(32);
    most = 0;
    const refs: object[] = [];
    for await (const ref of ledger.refs()) refs.push(ref);
    expect(refs).toEqual(numbers.map((number) => ({ source: `source-${number}`, ref: 'main' })));
    expect(most).toBe(32);
  });

  it('end with the first error', async () => {
    await put('open/builder/a', 'open/builder/b');
    await expect(ledger.open('builder')).rejects.toThrow(/open\/builder\/a/);
  });
});
