import { LogDamagedError } from './log-errors';
import { allLines, freshStores, line, never, prefix, texts, writerOf } from './log-harness.contract';
import { logManifest, readManifest } from './log-manifest';
import { readLog } from './read-log';
import { verifyLog } from './verify-log';

const freshStore = freshStores();

/** A sealed log of three chunks with a line each. */
async function sealed() {
  const store = await freshStore();
  const writer = writerOf(store, { flushBytes: 1 });
  for (const content of ['one', 'two', 'three']) await writer.write(line(content));
  await writer.seal();
  return store;
}

describe('readLog', () => {
  it('reads nothing where there is no log', async () => {
    expect(await allLines(await freshStore())).toEqual([]);
  });

  it('leaves out lines at the beginning, across chunks', async () => {
    const store = await sealed();
    for (const [fromLine, expected] of [
      [0, ['one', 'two', 'three']],
      [2, ['three']],
      [9, []],
    ] as const) {
      const seen: string[] = [];
      for await (const read of readLog({ store, prefix, follow: false, fromLine }, never)) seen.push(...texts([read]));
      expect(seen).toEqual(expected);
    }
  });

  it('follows a log from before its first line until it is sealed', async () => {
    const store = await freshStore();
    const reading = allLines(store, true);
    const writer = writerOf(store, { flushAfterMs: 1 });
    for (let count = 0; count < 20; count += 1) {
      await writer.write(line(String(count)));
      await new Promise((resolve) => setTimeout(resolve, count % 3));
    }
    await writer.seal();
    expect(texts(await reading)).toEqual(Array.from({ length: 20 }, (_, count) => String(count)));
  });

  it('looks at once when it is told of a change', async () => {
    const store = await freshStore();
    let tell: () => void = () => undefined;
    async function* changes(): AsyncIterable<void> {
      for (;;) {
        await new Promise<void>((resolve) => (tell = resolve));
        yield;
      }
    }
    const seen: string[] = [];
    const reading = (async () => {
      for await (const read of readLog({ store, prefix, follow: true, pollMs: 1e8, changes: changes() }, never)) {
        seen.push(...texts([read]));
      }
    })();
    const writer = writerOf(store);
    await writer.write(line('one'));
    while (seen.length < 1) {
      tell();
      await new Promise(setImmediate);
    }
    await writer.seal();
    const ended = reading.then(() => true);
    while (!(await Promise.race([ended, new Promise((resolve) => setImmediate(resolve, false))]))) tell();
    expect(seen).toEqual(['one']);
  });

  it('still polls when the hints end or fail', async () => {
    for (const changes of [ending(), failing()]) {
      const store = await freshStore();
      const reading = (async () => {
        const seen: string[] = [];
        for await (const read of readLog({ store, prefix, follow: true, pollMs: 1, changes }, never))
          seen.push(...texts([read]));
        return seen;
      })();
      const writer = writerOf(store);
      await writer.write(line('one'));
      await writer.seal();
      expect(await reading).toEqual(['one']);
    }
  });

  it('ends with the reason when it is aborted, also while it waits', async () => {
    const store = await freshStore();
    const stop = new AbortController();
    const reading = (async () => {
      for await (const read of readLog({ store, prefix, follow: true, pollMs: 1e8 }, stop.signal)) void read;
    })();
    setImmediate(() => stop.abort(new Error('enough')));
    await expect(reading).rejects.toThrow('enough');
  });

  it('says which chunk is missing', async () => {
    const store = await sealed();
    await store.delete(`${prefix}000001`);
    await expect(allLines(store)).rejects.toThrow(LogDamagedError);
    await expect(allLines(store, true)).rejects.toThrow(/000001 is missing, of 3 chunks/);
  });

  it('ends where the manifest says, whatever a slower writer left behind it', async () => {
    const store = await sealed();
    await store.put(`${prefix}000003`, Buffer.from('2026-11-24T10:00:00.123456789Z stray\n'));
    expect(texts(await allLines(store))).toEqual(['one', 'two', 'three']);
  });
});

async function* ending(): AsyncIterable<void> {
  yield* [];
}

async function* failing(): AsyncIterable<void> {
  yield* [];
  throw new Error('no more hints');
}

const withGap = (gap: string) => (text: string) => `${text.slice(0, 30)}!${gap}\n${text}`;

describe('verifyLog', () => {
  it.each<{ what: string; name: string; change: (text: string) => string; difference: RegExp }>([
    { what: 'a changed byte', name: '000001', change: (text) => text.replace('two', 'twO'), difference: /sha256/ },
    { what: 'a line more', name: '000001', change: (text) => text + text, difference: /lines 3, the chunks have 4/ },
    {
      what: 'a line made longer',
      name: '000002',
      change: (text) => text.replace('three', 'threee'),
      difference: /bytes/,
    },
    { what: 'a line made a piece', name: '000000', change: (text) => text.replace('Z ', 'Z+'), difference: /lines/ },
    { what: 'a chunk cut short', name: '000001', change: (text) => text.slice(0, -1), difference: /000001 .* byte 0/ },
    {
      what: 'a chunk that is none',
      name: '000001',
      change: () => `${'x'.repeat(99)}\n`,
      difference: /000001 .* byte 0/,
    },
    {
      what: 'a gap nobody named',
      name: '000002',
      change: withGap('{"reason":"lost"}'),
      difference: /gap .* name: lost/,
    },
    { what: 'a gap that is none', name: '000002', change: withGap('lost'), difference: /gap .* cannot be read/ },
    { what: 'a manifest that is none', name: 'manifest.json', change: () => '{}', difference: /is not the manifest/ },
  ])('finds $what', async ({ name, change, difference }) => {
    const store = await sealed();
    const stored = Buffer.from((await store.get(prefix + name))!).toString();
    expect(await verifyLog({ store, prefix }, never)).toMatchObject({ intact: true });
    await store.put(prefix + name, Buffer.from(change(stored)));
    expect(await verifyLog({ store, prefix }, never)).toEqual({
      intact: false,
      difference: expect.stringMatching(difference),
    });
  });

  it('finds what is missing', async () => {
    const store = await sealed();
    await store.delete(`${prefix}000002`);
    expect(await verifyLog({ store, prefix }, never)).toMatchObject({
      difference: expect.stringContaining('000002 is missing'),
    });
    await store.delete(`${prefix}manifest.json`);
    expect(await verifyLog({ store, prefix }, never)).toMatchObject({
      difference: expect.stringContaining('not sealed'),
    });
  });
});

describe('a manifest', () => {
  it('does not claim to be complete beside a gap, nor the reverse', async () => {
    const manifest = await readManifest({ store: await sealed(), prefix });
    expect(logManifest.safeParse(manifest).success).toBe(true);
    expect(logManifest.safeParse({ ...manifest, complete: false }).success).toBe(false);
    expect(logManifest.safeParse({ ...manifest, gaps: [{ fromLine: 1, reason: 'lost' }] }).success).toBe(false);
  });
});
