import { whole } from './command-line';

describe('a whole number on the command line', () => {
  it.each([
    ['0', 0],
    ['7', 7],
    ['65535', 65_535],
  ])('takes %s', (text, value) => {
    expect(whole(0, 65_535)(text)).toBe(value);
  });

  it.each(['', ' ', '-1', '1.5', '1e3', '0x10', 'many', '65536', '99999999999999999999'])('refuses %j', (text) => {
    expect(() => whole(0, 65_535)(text)).toThrow(/whole number from 0 to 65535/);
  });

  it('names only the least where there is no most', () => {
    expect(() => whole(1)('0')).toThrow(/whole number from 1\./);
  });
});
