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
  for (const log of logs) {
    cursor.begin(inTime);
    try {
      told.push(...texts(cursor.take(log)));
    } catch (error) {
      if (!(error instanceof RotatedAway)) throw error;
      cursor.begin(inTime);
      told.push(...texts(cursor.take(log)));
    }
  }
  return { told, gapAtEnd: cursor.gapAtEnd() };
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

  it('reads on from the whole second of the last line', () => {
    const cursor = new LogCursor({ skipLines: 0 }, true);
    expect(cursor.since).toBeUndefined();
    texts(cursor.take(lines(7)));
    expect(cursor.since).toBe('2026-11-24T10:00:07Z');
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
