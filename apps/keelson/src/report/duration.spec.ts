import { duration } from './duration';

it.each([
  [-1, '0 ms'],
  [0.4, '0 ms'],
  [840, '840 ms'],
  [999.4, '999 ms'],
  [999.6, '1.0 s'],
  [1_949, '1.9 s'],
  [59_949, '59.9 s'],
  [59_951, '1 min 00 s'],
  [123_000, '2 min 03 s'],
  [3_599_000, '59 min 59 s'],
  [3_599_600, '1 h 00 min'],
  [11_100_000, '3 h 05 min'],
])('says %d ms as %s', (ms, text) => {
  expect(duration(ms)).toBe(text);
});
