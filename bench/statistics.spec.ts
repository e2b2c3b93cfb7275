import { median, quantile, shareTaken } from './statistics';

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

describe('the share of places that was taken', () => {
  it('is that of all places over the whole window', () => {
    expect(shareTaken([[0, 100]], 2, [0, 100])).toBe(0.5);
    expect(shareTaken([[0, 40], [60, 100]], 1, [0, 100])).toBe(0.8); // prettier-ignore
  });

  it('counts no more places than there are, and nothing outside the window', () => {
    expect(shareTaken([[-50, 50], [0, 50], [10, 50]], 2, [0, 100])).toBe(0.5); // prettier-ignore
    expect(shareTaken([[90, 500]], 1, [0, 100])).toBeCloseTo(0.1);
  });
});
