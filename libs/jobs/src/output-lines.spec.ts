import { OutputLines } from './output-lines';
import { outputRecord } from './supervisor/output-record';
import type { JobLogLine } from './jobs';

const piece = 1024 * 1024;
const time = (n: number): string => `2026-01-02T03:04:05.00000000${n}Z`;

describe('the lines of an output file', () => {
  /** Reads the file in steps of so many bytes. */
  function read(file: Buffer, step: number): JobLogLine[] {
    const lines = new OutputLines();
    const all: JobLogLine[] = [];
    for (let at = 0; at < file.byteLength; at += step) all.push(...lines.push(file.subarray(at, at + step)));
    return [...all, ...lines.end()];
  }
  const plain = (lines: JobLogLine[]) =>
    lines.map((line) => [line.time, Buffer.from(line.bytes).toString(), line.partial ?? false]);
  const file = (...records: string[]): Buffer =>
    Buffer.concat(records.map((bytes, index) => outputRecord(time(index), Buffer.from(bytes))));

  it('are the same however the file is read', () => {
    const whole = file('one\ntwo\nth', 'r', 'ee\n', '\n\n', 'last 2026-01-02T03:04:05.000000000Z 9\n', 'x', 'y');
    const expected = [
      [time(0), 'one', false],
      [time(0), 'two', false],
      [time(2), 'three', false],
      [time(3), '', false],
      [time(3), '', false],
      [time(4), 'last 2026-01-02T03:04:05.000000000Z 9', false],
      [time(6), 'xy', true],
    ];
    for (let step = 1; step < whole.byteLength; step += 1) expect(plain(read(whole, step))).toEqual(expected);
  });

  it('are cut at the same places however they came', () => {
    const long = 'x'.repeat(2 * piece);
    const whole = file(`${long}y\n${'z'.repeat(piece)}\n`, long.slice(1), 'x', 'end');
    const sizes = (step: number) => read(whole, step).map(({ bytes, partial }) => [bytes.byteLength, partial ?? false]);
    const expected = [
      [piece, true],
      [piece, true],
      [1, false],
      [piece, false],
      [piece, true],
      [piece, true],
      [3, true],
    ];
    for (const step of [777, 65_536, 262_144, piece + 1, whole.byteLength]) expect(sizes(step)).toEqual(expected);
  });

  it('are not there where nothing was said', () => {
    expect(read(Buffer.alloc(0), 1)).toEqual([]);
    expect(new OutputLines().end()).toEqual([]);
  });

  it('show what a supervisor had written when it was killed', () => {
    const whole = file('one\ntwo\n', 'three\n');
    expect(plain(read(whole.subarray(0, -4), 10)).map(([, text]) => text)).toEqual(['one', 'two', 'th']);
    expect(plain(read(whole.subarray(0, -10), 10)).map(([, text]) => text)).toEqual(['one', 'two']);
  });

  it('are refused where somebody else has written', () => {
    const lines = new OutputLines();
    lines.push(file('one\n'));
    expect(() => lines.push(Buffer.from('junk\n'))).toThrow('damaged');
    expect(() => new OutputLines().push(Buffer.alloc(100))).toThrow('damaged');
  });
});
