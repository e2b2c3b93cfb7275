import { withMemoryLimit } from './memory-limit';

const preamble = [0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0];
const custom = [0, 3, 1, 0x78, 9];

describe('withMemoryLimit', () => {
  it('bounds the memory and leaves all else as it is', () => {
    const module = Buffer.from([...preamble, ...custom, 5, 3, 1, 0, 2, ...custom]);
    expect([...withMemoryLimit(module, 200 * 65_536)]).toEqual([
      ...preamble,
      ...custom,
      5,
      5,
      1,
      1,
      2,
      0xc8,
      1,
      ...custom,
    ]);
  });

  it('never bounds it below what the module starts with', () => {
    const module = Buffer.from([...preamble, 5, 4, 1, 0, 0x80, 1]);
    expect([...withMemoryLimit(module, 65_536)]).toEqual([...preamble, 5, 6, 1, 1, 0x80, 1, 0x80, 1]);
  });

  it('refuses a module whose memory it cannot bound', () => {
    expect(() => withMemoryLimit(Buffer.from([...preamble, ...custom]), 65_536)).toThrow('no memory');
    expect(() => withMemoryLimit(Buffer.from([...preamble, 5, 4, 1, 1, 2, 9]), 65_536)).toThrow('one memory');
    expect(() => withMemoryLimit(Buffer.from([...preamble, 5, 0x80]), 65_536)).toThrow('middle of a number');
  });
});
