import { KeyedLock } from './keyed-lock';

describe('a keyed lock', () => {
  it('lets work under one key follow in order, also behind work that failed', async () => {
    const lock = new KeyedLock();
    const done: string[] = [];
    let letGo: () => void = () => undefined;
    const first = lock.run('a', async () => {
      await new Promise<void>((go) => (letGo = go));
      done.push('first');
      throw new Error('first fails');
    });
    const second = lock.run('a', () => Promise.resolve(done.push('second')));
    await lock.run('b', () => Promise.resolve(done.push('other key')));
    expect(done).toEqual(['other key']);
    letGo();
    await expect(first).rejects.toThrow('first fails');
    await second;
    expect(done).toEqual(['other key', 'first', 'second']);
  });
});
