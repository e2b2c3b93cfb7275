import { LogLines, NoLogLine } from './log-lines';

const time = '2026-11-24T10:00:00.123456789Z';
const shown = (lines: ReturnType<LogLines['push']>) =>
  lines.map(({ time: at, bytes, partial }) => [at, Buffer.from(bytes).toString('latin1'), partial ?? false]);

describe('the log of a container', () => {
  it('is told in the same lines however it is cut in transit', () => {
    const all = Buffer.from(`${time} one\n${time} \n${time} two words\n`);
    for (let cut = 0; cut <= all.byteLength; cut += 1) {
      const lines = new LogLines();
      const told = [...lines.push(all.subarray(0, cut)), ...lines.push(all.subarray(cut)), ...lines.end()];
      expect(shown(told)).toEqual([
        [time, 'one', false],
        [time, '', false],
        [time, 'two words', false],
      ]);
    }
  });

  it('has times in UTC with nine decimals', () => {
    const lines = new LogLines().push(Buffer.from('2026-11-24T12:00:00.5+02:00 x\n2026-11-24T23:30:00.1-01:00 y\n'));
    expect(lines.map(({ time: at }) => at)).toEqual([
      '2026-11-24T10:00:00.500000000Z',
      '2026-11-25T00:30:00.100000000Z',
    ]);
  });

  it('cuts long lines at the same places, whatever pieces they come in', () => {
    const size = 1024 * 1024;
    const all = Buffer.from(`${time} ${'x'.repeat(2 * size + 5)}\n`);
    for (const step of [all.byteLength, 65_536, 1_000_003]) {
      const lines = new LogLines();
      const told = [];
      for (let from = 0; from < all.byteLength; from += step) told.push(...lines.push(all.subarray(from, from + step)));
      expect(told.map(({ bytes, partial }) => [bytes.byteLength, partial ?? false])).toEqual([
        [size, true],
        [size, true],
        [5, false],
      ]);
    }
  });

  it('marks a last line without its end', () => {
    const lines = new LogLines();
    expect(lines.push(Buffer.from(`${time} half`))).toEqual([]);
    expect(shown(lines.end())).toEqual([[time, 'half', true]]);
  });

  it("is told from the kubelet's own words", () => {
    const words = 'unable to retrieve container logs for containerd://0123456789abcdef0123456789abcdef';
    expect(() => new LogLines().push(Buffer.from(words))).toThrow(NoLogLine);
    expect(() => new LogLines().push(Buffer.from('no time\n'))).toThrow(NoLogLine);
    const short = new LogLines();
    short.push(Buffer.from('gone'));
    expect(() => short.end()).toThrow(NoLogLine);
  });
});
