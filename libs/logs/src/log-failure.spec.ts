import { ObjectStoreError } from '@keelson/objects';
import { LogConflictError } from './log-errors';
import { FaultyStore, allLines, freshStores, line, linesOf, never, outputOf } from './log-harness.contract';
import { prefix, randomFrom, sha256, texts, writerOf } from './log-harness.contract';
import type { LogLine } from './log-line';
import { verifyLog } from './verify-log';

const freshStore = freshStores();

/** The process is gone: nothing it still does reaches the store. */
class Crash extends Error {}

describe('a writer that crashes', () => {
  const seed = Date.now() % 1_000_000;
  it(`loses and doubles nothing, wherever it is cut short (seed ${seed})`, async () => {
    const random = randomFrom(seed);
    const upTo = (limit: number) => Math.floor(random() * limit);
    const someBytes = () => Buffer.from(Array.from({ length: upTo(90) }, () => (random() < 0.1 ? 10 : upTo(256))));
    for (let round = 0; round < 25; round += 1) {
      const store = await freshStore();
      const output = Buffer.concat(Array.from({ length: upTo(60) }, someBytes));
      const lines = linesOf(output, 40);
      let crashes = 0;
      const life = (): Promise<unknown> => {
        const last = crashes < 6 ? 1 + upTo(5) : Infinity;
        const how = random() < 0.5 ? ('before' as const) : ('after' as const);
        const dying = new FaultyStore(
          store,
          (put) => (put < last ? undefined : put === last ? how : 'before'),
          () => new Crash(),
        );
        return follow(dying, lines, { flushBytes: 50 + upTo(400), flushAfterMs: upTo(3) });
      };
      while (!(await life().then(() => true, isCrash))) crashes += 1;
      const verdict = await verifyLog({ store, prefix }, never);
      expect(verdict).toMatchObject({
        intact: true,
        manifest: { complete: true, sha256: sha256(output), pieces: lines.length },
      });
      expect(Buffer.compare(outputOf(await allLines(store)), output)).toBe(0);
    }
  });

  /** As the follower of a job does: skip what is stored, give the rest, seal. */
  async function follow(
    store: FaultyStore,
    lines: readonly LogLine[],
    options: { flushBytes: number; flushAfterMs: number },
  ) {
    const writer = writerOf(store, options);
    const { skipLines } = await writer.resume();
    for (const each of lines.slice(skipLines)) {
      await writer.write(each);
      if (each.bytes.byteLength % 7 === 0) await new Promise(setImmediate);
    }
    return writer.seal();
  }

  function isCrash(error: unknown): false {
    if (error instanceof Crash) return false;
    throw error;
  }
});

describe('two writers of one log', () => {
  it('both succeed while they store the same', async () => {
    const store = await freshStore();
    const [old, young] = [writerOf(store), writerOf(store)];
    for (const writer of [old, young]) {
      await writer.write(line('one'));
      await writer.write(line('two'));
    }
    expect(await young.seal()).toEqual(await old.seal());
    expect(texts(await allLines(store))).toEqual(['one', 'two']);
  });

  it('the second to store something else stops, and says why', async () => {
    const store = await freshStore();
    const old = writerOf(store);
    await old.write(line('one'));
    await old.write(line('two'));
    const young = writerOf(store);
    while ((await store.head(`${prefix}000000`)) === undefined) await new Promise(setImmediate);
    expect((await young.resume()).skipLines).toBe(1);
    await young.write(line('two'));
    await young.write(line('three'));
    await young.close();
    await expect(old.seal()).rejects.toThrow(LogConflictError);
    await expect(old.write(line('four'))).rejects.toThrow(/000001.*taken over/);
    const last = writerOf(store);
    expect((await last.resume()).skipLines).toBe(3);
    expect(await last.seal()).toMatchObject({ lines: 3, complete: true });
    expect(texts(await allLines(store))).toEqual(['one', 'two', 'three']);
  });

  it('one that has fallen behind does not seal', async () => {
    const store = await freshStore();
    const old = writerOf(store);
    await old.write(line('one'));
    await old.gap({ reason: 'so that all is stored' });
    const young = writerOf(store);
    await young.resume();
    await young.write(line('two'));
    await young.close();
    await expect(old.seal()).rejects.toThrow(/000002.*taken over/);
    expect(await allLines(store)).toHaveLength(2);
  });

  it('the second to seal another output stops', async () => {
    const store = await freshStore();
    const old = writerOf(store);
    expect(await old.seal()).toMatchObject({ lines: 0 });
    const young = writerOf(store);
    await young.write(line('one'));
    await expect(young.seal()).rejects.toThrow(/sealed by another writer with 0 lines/);
  });
});

describe('a store that fails for a while', () => {
  it.each(['before', 'after'] as const)('is tried again, when it fails %s it stored', async (how) => {
    const store = await freshStore();
    const flaky = new FaultyStore(store, (put) => (put % 3 === 0 ? undefined : how));
    const writer = writerOf(flaky, { retryDelaysMs: [1, 1] });
    for (const content of ['one', 'two']) await writer.write(line(content));
    expect(await writer.seal()).toMatchObject({ lines: 2, complete: true });
    expect(await verifyLog({ store, prefix }, never)).toMatchObject({ intact: true });
  });

  it('is given up after the last try, and every later call says so', async () => {
    const store = await freshStore();
    const away = new FaultyStore(store, () => 'before');
    const writer = writerOf(away, { retryDelaysMs: [1, 1] });
    await writer.write(line('one'));
    await expect(writer.seal()).rejects.toThrow(ObjectStoreError);
    expect(away.puts).toBe(3);
    await expect(writer.write(line('two'))).rejects.toThrow('the store is away');
    await expect(writer.gap({ reason: 'x' })).rejects.toThrow('the store is away');
    await writer.close();
    expect(await allLines(store)).toEqual([]);
  });

  it('is not tried again when that cannot help', async () => {
    const refusing = new FaultyStore(
      await freshStore(),
      () => 'before',
      () => new ObjectStoreError('refused', false),
    );
    const writer = writerOf(refusing, { retryDelaysMs: [1, 1] });
    await writer.write(line('one'));
    await expect(writer.seal()).rejects.toThrow('refused');
    expect(refusing.puts).toBe(1);
  });

  it('does not hold up a writer that is closed', async () => {
    const away = new FaultyStore(await freshStore(), () => 'before');
    const writer = writerOf(away, { retryDelaysMs: [1e8] });
    await writer.write(line('one'));
    await writer.close();
    expect(away.puts).toBe(1);
  });

  it('lets a full queue of lines fail, not wait for ever', async () => {
    const away = new FaultyStore(await freshStore(), () => 'before');
    const writer = writerOf(away, { flushBytes: 10 });
    const writing = (async () => {
      for (;;) await writer.write(line('more than ten bytes'));
    })();
    await expect(writing).rejects.toThrow('the store is away');
  });
});
