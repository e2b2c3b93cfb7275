import { retryAfterMs } from './retry-after';

describe('Retry-After', () => {
  const now = Date.parse('2020-01-01T00:00:00Z');
  it.each([
    ['7', 7000],
    ['0', 0],
    ['Wed, 01 Jan 2020 00:00:05 GMT', 5000],
    ['Wed, 01 Jan 2019 00:00:05 GMT', 0],
    ['999999999', 24 * 60 * 60 * 1000],
    ['soon', undefined],
    [undefined, undefined],
    [['1', '2'], undefined],
  ])('%j is %j ms', (header, ms) => {
    expect(retryAfterMs(header, now)).toBe(ms);
  });
});
