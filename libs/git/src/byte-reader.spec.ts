import { Readable } from 'node:stream';
import { ByteReader } from './byte-reader';

const readerOf = (...chunks: string[]) => new ByteReader(Readable.from(chunks.map((chunk) => Buffer.from(chunk))));

describe('a byte reader', () => {
  it('finds the same lines and bytes however the stream is cut', async () => {
    const text = 'one\n12345678two\n\nrest';
    for (let size = 1; size <= text.length; size += 1) {
      const chunks = text.match(new RegExp(`[^]{1,${size}}`, 'g')) ?? [];
      const reader = readerOf(...chunks);
      expect(await reader.line(10)).toBe('one');
      expect((await reader.take(8)).toString()).toBe('12345678');
      expect(await reader.line(10)).toBe('two');
      expect(await reader.line(10)).toBe('');
      expect((await reader.take(4)).toString()).toBe('rest');
      expect(await reader.line(10)).toBeUndefined();
    }
  });

  it('gives what is there, and no more than asked for', async () => {
    const reader = readerOf('abcdef', 'gh');
    expect((await reader.take(1)).toString()).toBe('a');
    expect((await reader.some(3)).toString()).toBe('bcd');
    expect((await reader.some(100)).toString()).toBe('ef');
    expect((await reader.take(0)).length).toBe(0);
    expect((await reader.some(1)).toString()).toBe('g');
  });

  it('refuses a line that is too long, and a stream that ends early', async () => {
    await expect(readerOf('12345', '67890', '1', '2\n').line(10)).rejects.toThrow('a line of more than 10 bytes');
    await expect(readerOf('123').take(4)).rejects.toThrow('the stream ended 1 bytes early');
  });
});
