import { entryOverheadBytes } from './chunk';
import { LogClosedError, LogConflictError, MalformedLineError } from './log-errors';
import { FaultyStore, allLines, freshStores, keysOf, line, linesOf, never, outputOf } from './log-harness.contract';
import { prefix, randomFrom, sha256, texts, writerOf } from './log-harness.contract';
import { readManifest } from './log-manifest';
import { readLog } from './read-log';
import { verifyLog } from './verify-log';

const freshStore = freshStores();

const MiB = 1024 * 1024;
const random = randomFrom(7);
const binary = (sizeBytes: number) => Buffer.from(Array.from({ length: sizeBytes }, () => Math.floor(random() * 256)));

describe('a log that was written', () => {
  it.each<{ what: string; output: Buffer; lines?: number; flushBytes?: number }>([
    { what: 'of some lines', output: Buffer.from('one\ntwo\n\nfour\n'), lines: 4 },
    { what: 'whose last line has no end', output: Buffer.from('one\ntwo'), lines: 2 },
    { what: 'without any output', output: Buffer.alloc(0), lines: 0 },
    { what: 'of one empty line', output: Buffer.from('\n'), lines: 1 },
    { what: 'with CR, NUL and invalid UTF-8', output: Buffer.from('a\r\nb\0c\r\xff\xfe\n\r\n', 'latin1'), lines: 3 },
    { what: 'that looks like entries', output: Buffer.from('2026-11-24T10:00:00.123456789Z! {}\n+a\n!b\n'), lines: 3 },
    { what: 'of every byte at random', output: binary(300_000) },
    { what: 'of a 5 MiB line between others', output: Buffer.from(`a\n${'x'.repeat(5 * MiB)}\nb\n`), lines: 3 },
    { what: 'of a line of just 1 MiB', output: Buffer.from(`${'x'.repeat(MiB)}\n`), lines: 1 },
    { what: 'of a long line without an end', output: Buffer.alloc(2 * MiB + 5, 'y'), lines: 1 },
    { what: 'of a line larger than a chunk', output: Buffer.alloc(200_000, 'z'), lines: 1, flushBytes: 1_000 },
  ])('$what is rebuilt exactly', async ({ output, lines, flushBytes = MiB }) => {
    const store = await freshStore();
    const writer = writerOf(store, { flushBytes });
    const given = linesOf(output);
    for (const each of given) await writer.write(each);
    const manifest = await writer.seal();
    const read = await allLines(store);
    expect(read.map(({ time, partial }) => ({ time, partial }))).toEqual(
      given.map(({ time, partial }) => ({ time, partial })),
    );
    expect(Buffer.compare(outputOf(read), output)).toBe(0);
    expect(manifest).toMatchObject({ bytes: output.byteLength, sha256: sha256(output), complete: true, gaps: [] });
    if (lines !== undefined) expect(manifest.lines).toBe(lines);
    expect(manifest.pieces).toBe(given.length);
    expect(await verifyLog({ store, prefix }, never)).toEqual({ intact: true, manifest });
  });

  it('is plain to read in its chunks: time, space, bytes', async () => {
    const store = await freshStore();
    const writer = writerOf(store);
    await writer.write(line('hello there'));
    await writer.seal();
    expect(Buffer.from((await store.get(`${prefix}000000`))!).toString()).toMatch(
      /^2026-\d\d-\d\dT\S+\.000000000Z hello there\n$/,
    );
  });

  it('is cut into chunks by size, numbered from 0, the manifest last', async () => {
    const store = await freshStore();
    const writer = writerOf(store, { flushBytes: 10 * (100 + entryOverheadBytes) });
    for (let count = 0; count < 31; count += 1) await writer.write(line('x'.repeat(100)));
    expect(await readManifest({ store, prefix })).toBeUndefined();
    expect((await writer.seal()).chunks).toBe(4);
    expect(await keysOf(store)).toEqual(['000000', '000001', '000002', '000003', 'manifest.json']);
  });
});

describe('LogWriter', () => {
  it('shows the first line at once, before any other comes', async () => {
    const store = await freshStore();
    const writer = writerOf(store);
    await writer.write(line('first'));
    await writer.write(line('second'));
    for await (const read of readLog({ store, prefix, follow: true, pollMs: 1 }, never)) {
      expect(texts([read])).toEqual(['first']);
      break;
    }
    await writer.close();
  });

  it('shows later lines after a while, though no more come', async () => {
    const store = await freshStore();
    const writer = writerOf(store, { flushAfterMs: 5 });
    for (const content of ['first', 'second', 'third']) await writer.write(line(content));
    const seen: string[] = [];
    for await (const read of readLog({ store, prefix, follow: true, pollMs: 1 }, never)) {
      seen.push(...texts([read]));
      if (seen.length === 3) break;
    }
    expect(seen).toEqual(['first', 'second', 'third']);
    await writer.close();
  });

  it('lets its caller wait while the store is slow, with three chunks in memory at most', async () => {
    const store = await freshStore();
    let release: () => void = () => undefined;
    const gate = new Promise<void>((resolve) => (release = resolve));
    const slow = new FaultyStore(store, () => gate);
    const writer = writerOf(slow, { flushBytes: 1_000 });
    let written = 0;
    const source = (async () => {
      for (; written < 200; written += 1) await writer.write(line('x'.repeat(68)));
    })();
    while (slow.puts === 0) await new Promise(setImmediate);
    for (let turn = 0; turn < 100; turn += 1) await new Promise(setImmediate);
    expect(written * 100).toBeLessThanOrEqual(3 * 1_000);
    release();
    await source;
    expect((await writer.seal()).lines).toBe(200);
  });

  it('makes few chunks, not many, of what comes while the store is slow', async () => {
    const store = await freshStore();
    let release: () => void = () => undefined;
    const gate = new Promise<void>((resolve) => (release = resolve));
    const slow = new FaultyStore(store, (put) => (put === 1 ? gate : undefined));
    const writer = writerOf(slow, { flushAfterMs: 1 });
    for (let count = 0; count < 10; count += 1) {
      await writer.write(line('x'));
      await new Promise((resolve) => setTimeout(resolve, 3));
    }
    release();
    expect((await writer.seal()).chunks).toBeLessThanOrEqual(3);
  });

  it('does not mind when the memory of a line is used again', async () => {
    const store = await freshStore();
    const writer = writerOf(store);
    const memory = Buffer.from('0');
    for (let count = 0; count < 10; count += 1) {
      memory.write(String(count));
      await writer.write({ ...line(''), bytes: memory });
    }
    await writer.seal();
    expect(texts(await allLines(store)).join('')).toBe('0123456789');
  });

  it('refuses a line whose bytes would not come back', async () => {
    const writer = writerOf(await freshStore());
    await expect(writer.write(line('a\nb'))).rejects.toThrow(MalformedLineError);
    for (const time of ['2026-11-24T10:00:00Z', '2026-11-24T10:00:00.123456789+01:00', '']) {
      await expect(writer.write({ ...line('a'), time })).rejects.toThrow(/nine decimals/);
    }
    expect(await writer.seal()).toMatchObject({ lines: 0, bytes: 0 });
  });

  it('names gaps, keeps them over a crash, and then never claims to be complete', async () => {
    const store = await freshStore();
    const writer = writerOf(store);
    await writer.write(line('one'));
    await writer.gap({ reason: 'the container log was rotated away' });
    const next = writerOf(store); // no more comes from the first one: a crash
    expect((await next.resume()).skipLines).toBe(1);
    await next.gap({ reason: 'the container log was rotated away' }); // told again
    await next.gap({ fromTime: '2026-11-24T10:00:00.123456789Z', reason: 'the node was away' });
    await next.write(line('two'));
    const manifest = await next.seal();
    expect(manifest).toMatchObject({ complete: false, lines: 2, bytes: 8 });
    expect(manifest.gaps).toEqual([
      { fromLine: 1, reason: 'the container log was rotated away' },
      { fromTime: '2026-11-24T10:00:00.123456789Z', reason: 'the node was away' },
    ]);
    expect(texts(await allLines(store))).toEqual(['one', 'two']);
    expect(await verifyLog({ store, prefix }, never)).toMatchObject({ intact: true });
  });

  it('names as a gap what does not fit into the chunks a log can have, also after a crash', async () => {
    const store = await freshStore();
    const options = { maxChunks: 3, flushBytes: 100 };
    const content = 'x'.repeat(100);
    const writer = writerOf(store, options);
    for (let count = 0; count < 5; count += 1) await writer.write(line(content));
    await writer.close();
    const next = writerOf(store, options);
    expect(await next.resume()).toMatchObject({ skipLines: 3, bytes: 303 });
    await next.write(line(content));
    await next.write(line(content));
    const manifest = await next.seal();
    expect(manifest).toMatchObject({ chunks: 3, lines: 3, complete: false });
    expect(manifest.gaps).toEqual([{ fromLine: 3, reason: expect.stringContaining('3 chunks') }]);
    expect(await verifyLog({ store, prefix }, never)).toMatchObject({ intact: true });
  });

  it('names as a gap what is more than the bytes that are kept, and keeps nothing behind it, also after a crash', async () => {
    const store = await freshStore();
    const writer = writerOf(store, { maxBytes: 10 });
    for (const content of ['12345678', 'too long', 'a']) await writer.write(line(content));
    await writer.close();
    const next = writerOf(store, { maxBytes: 10 });
    expect(await next.resume()).toMatchObject({ skipLines: 1, bytes: 9 });
    for (const content of ['too long', 'a']) await next.write(line(content));
    const manifest = await next.seal();
    expect(manifest).toMatchObject({ lines: 1, bytes: 9, complete: false });
    expect(manifest.gaps).toEqual([{ fromLine: 1, reason: expect.stringContaining('10 bytes, the most') }]);
    expect(await verifyLog({ store, prefix }, never)).toMatchObject({ intact: true });
  });

  it('may be sealed twice, and by a writer that finds it sealed', async () => {
    const store = await freshStore();
    const writer = writerOf(store);
    await writer.write(line('one'));
    const manifest = await writer.seal();
    expect(await writer.seal()).toEqual(manifest);
    const next = writerOf(store);
    expect(await next.resume()).toEqual({ skipLines: 1, bytes: 4, isSealed: true });
    expect(await next.seal()).toEqual(manifest);
    await expect(next.write(line('two'))).rejects.toThrow(LogConflictError);
  });

  it('stores what is left when it is closed, for the next writer to go on', async () => {
    const store = await freshStore();
    const writer = writerOf(store);
    const lines = ['one', 'two', 'three'].map((content) => line(content));
    for (const one of lines) await writer.write(one);
    await writer.close();
    await writer.close();
    await expect(writer.write(line('four'))).rejects.toThrow(LogClosedError);
    const next = writerOf(store);
    expect(await next.resume()).toEqual({ skipLines: 3, after: lines.at(-1)?.time, bytes: 14 });
    expect(await next.seal()).toMatchObject({ lines: 3, complete: true });
  });

  it('stores nothing more once its signal aborts', async () => {
    const store = await freshStore();
    const stop = new AbortController();
    const writer = writerOf(store, { signal: stop.signal });
    for (const content of ['one', 'two']) await writer.write(line(content));
    stop.abort(new Error('stopped'));
    await expect(writer.write(line('three'))).rejects.toThrow('stopped');
    await writer.close();
    expect(texts(await allLines(store)).length).toBeLessThanOrEqual(1);
  });

  it('needs memory for its chunks only, however much is written', async () => {
    const store = await freshStore();
    const writer = writerOf(store);
    const bytes = Buffer.alloc(1_023, 'x');
    const before = process.memoryUsage().rss;
    for (let count = 0; count < 256 * 1024; count += 1) await writer.write({ ...line(''), bytes });
    expect(process.memoryUsage().rss - before).toBeLessThan(100 * MiB);
    expect(await writer.seal()).toMatchObject({ bytes: 256 * MiB, lines: 256 * 1024 });
  });
});
