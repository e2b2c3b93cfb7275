import type { JobLogEntry, JobLogLine, JobLogPlace } from '../jobs';
import { LogCursor, RotatedAway } from './log-cursor';

const at = (n: number): string => `2026-11-24T10:00:${String(n).padStart(2, '0')}.000000001Z`;
const line = (n: number, text = `line ${n}`): JobLogLine => ({ time: at(n), bytes: Buffer.from(text) });
const lines = (...numbers: number[]): JobLogLine[] => numbers.map((n) => line(n));
const startedAtMs = Date.parse(at(0));
const inTime = { startedAtMs, readAtMs: startedAtMs + 1000 };

const texts = (entries: Iterable<JobLogEntry>): string[] =>
  [...entries].map((entry) => ('gap' in entry ? 'GAP' : Buffer.from(entry.bytes).toString()));

/** One read of the log after the other. */
function reads(place: JobLogPlace, ...logs: JobLogLine[][]): { told: string[]; gapAtEnd: string | undefined } {
  const cursor = new LogCursor(place, true);
  const told: string[] = [];
  let gapAtEnd: string | undefined;
  const read = (log: JobLogLine[], isLast: boolean) => {
    cursor.begin(inTime);
    const { since } = cursor;
    for (const entry of cursor.take(log.filter(({ time }) => since === undefined || time >= since.slice(0, 19))))
      told.push(...texts([entry]));
    if (isLast) gapAtEnd = cursor.gapAtEnd();
  };
  for (const [index, log] of logs.entries()) {
    const isLast = index === logs.length - 1;
    try {
      read(log, isLast);
    } catch (error) {
      if (!(error instanceof RotatedAway)) throw error;
      read(log, isLast);
    }
  }
  return { told, gapAtEnd };
}

/** Lines of two pipes, as they stand in the file: those of each in order, but some behind younger ones of the other. */
function twoPipes(count: number): JobLogLine[] {
  const linesOf = (pipe: string) => {
    let ns = Math.floor(Math.random() * 1e9);
    return Array.from({ length: count }, (_, index) => {
      ns += 1 + Math.floor(Math.random() * 2e8);
      const time = new Date(startedAtMs + Math.floor(ns / 1e6)).toISOString().slice(0, 23);
      return { time: `${time}${String(ns % 1e6).padStart(6, '0')}Z`, bytes: Buffer.from(`${pipe} ${index}`) };
    });
  };
  const [out, errors] = [linesOf('out'), linesOf('err')];
  const file: JobLogLine[] = [];
  const lateMs = 900;
  while (out.length + errors.length > 0) {
    const [first, second] = (out[0]?.time ?? 'Z') < (errors[0]?.time ?? 'Z') ? [out, errors] : [errors, out];
    const isLate =
      second[0] !== undefined &&
      Math.random() < 0.4 &&
      Date.parse(second[0].time) - Date.parse(first[0]!.time) < lateMs;
    file.push((isLate ? second : first).shift()!);
  }
  return file;
}

describe("a reader's place in the log of a container", () => {
  it('drops what comes again when the reading breaks off', () => {
    const { told, gapAtEnd } = reads({ skipLines: 0 }, lines(1, 2), lines(2, 3), lines(1, 2, 3, 4));
    expect(told).toEqual(['line 1', 'line 2', 'line 3', 'line 4']);
    expect(gapAtEnd).toBeUndefined();
  });

  it('tells lines of one time apart by their number', () => {
    const same = [line(1, 'a'), line(1, 'b'), line(1, 'c')];
    expect(reads({ skipLines: 0 }, same.slice(0, 2), same).told).toEqual(['a', 'b', 'c']);
  });

  it('takes each line of two pipes once, however their times are mixed and wherever reading breaks off', () => {
    for (let round = 0; round < 300; round += 1) {
      const file = twoPipes(12);
      const all = file.map(({ bytes }) => Buffer.from(bytes).toString());
      const from = Math.floor(Math.random() * (file.length + 1));
      const upTo = Array.from({ length: 3 }, () => Math.floor(Math.random() * (file.length + 1))).sort((a, b) => a - b);
      const place = { skipLines: from, ...(from === 0 ? {} : { after: file[from - 1]!.time }) };
      const { told, gapAtEnd } = reads(place, ...upTo.map((end) => file.slice(0, end)), file);
      const shown = { place, upTo, times: file.map(({ time }) => time) };
      expect({ ...shown, told, gapAtEnd }).toEqual({ ...shown, told: all.slice(from), gapAtEnd: undefined });
    }
  });

  it('tells what is there when less is than the reader has', () => {
    const soon = (n: number): JobLogLine => ({
      time: at(5).replace('000000001', `00000000${n}`),
      bytes: Buffer.from(`soon ${n}`),
    });
    expect(reads({ skipLines: 5, after: at(5) }, [soon(7), soon(8)]).told).toEqual(['GAP', 'soon 7', 'soon 8']);
  });

  it('reads on from a whole second, one before that of the last line', () => {
    const cursor = new LogCursor({ skipLines: 0 }, true);
    expect(cursor.since).toBeUndefined();
    texts(cursor.take(lines(7)));
    expect(cursor.since).toBe('2026-11-24T10:00:06Z');
  });

  it('tells a gap where the last line is not there any more', () => {
    expect(reads({ skipLines: 0 }, lines(1, 2), lines(4, 5)).told).toEqual([
      'line 1',
      'line 2',
      'GAP',
      'line 4',
      'line 5',
    ]);
  });

  it('tells a gap at the end when the last line is gone and nothing came after it', () => {
    expect(reads({ skipLines: 0 }, lines(1, 2), []).gapAtEnd).toContain(at(2));
    expect(reads({ skipLines: 0 }, lines(1, 2), lines(2)).gapAtEnd).toBeUndefined();
  });

  it('goes on behind the lines that a reader has, without a gap when the last of them is the very one', () => {
    expect(reads({ skipLines: 2, after: at(2) }, lines(1, 2, 3)).told).toEqual(['line 3']);
    expect(reads({ skipLines: 2, after: at(2) }, lines(1, 2))).toEqual({ told: [], gapAtEnd: undefined });
  });

  it('finds the last line by its time when lines before it were thrown away', () => {
    expect(reads({ skipLines: 5, after: at(5) }, lines(4, 5, 6)).told).toEqual(['line 6']);
  });

  it('tells a gap when the last line was thrown away too', () => {
    expect(reads({ skipLines: 5, after: at(5) }, lines(7, 8)).told).toEqual(['GAP', 'line 7', 'line 8']);
    expect(reads({ skipLines: 5, after: at(5) }, []).gapAtEnd).toContain(at(5));
  });

  it('tells a gap where the kubelet may have passed over a whole file: after much output, and nothing for as long as between its looks', () => {
    const cursor = new LogCursor({ skipLines: 0 }, true);
    cursor.begin(inTime);
    const large = { time: at(14), bytes: Buffer.alloc(11_000_000) };
    expect(texts(cursor.take(lines(1, 2)))).toEqual(['line 1', 'line 2']);
    expect(texts(cursor.take(lines(13)))).toEqual(['line 13']); // little was printed
    expect([...cursor.take([large])]).toEqual([large]);
    expect(texts(cursor.take(lines(20)))).toEqual(['line 20']); // too soon
    expect(texts(cursor.take(lines(35, 50)))).toEqual(['GAP', 'line 35', 'line 50']);
  });

  it('tells a gap where it came so late that the beginning may be gone', () => {
    const late = new LogCursor({ skipLines: 0 }, true);
    late.begin({ startedAtMs, readAtMs: startedAtMs + 30_000 });
    expect(texts(late.take(lines(20)))).toEqual(['GAP', 'line 20']);
    const soon = new LogCursor({ skipLines: 0 }, true);
    soon.begin({ startedAtMs, readAtMs: startedAtMs + 30_000 });
    expect(texts(soon.take(lines(1)))).toEqual(['line 1']);
  });
});
