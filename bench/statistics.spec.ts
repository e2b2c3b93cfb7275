import { median, quantile } from './statistics';

describe('quantile', () => {
  it('takes the middle of an odd number of values, in whatever order they come', () => {
    expect(median([9, 1, 4])).toBe(4);
  });

  it('lies between the neighbours of an even number of values', () => {
    expect(median([10, 1, 4, 2])).toBe(3);
  });

  it('is near the largest value for a large share', () => {
    const values = Array.from({ length: 101 }, (_, index) => index);
    expect(quantile(values, 0.95)).toBe(95);
    expect(quantile(values, 1)).toBe(100);
  });

  it('refuses to tell anything about nothing', () => {
    expect(() => quantile([], 0.5)).toThrow('nothing was measured');
  });
});
