import { chunkRange, requestedRange } from './byte-range';

describe('a requested range', () => {
  it.each([
    [undefined, 'whole'],
    ['bytes=-', 'whole'],
    ['bytes=a-b', 'whole'],
    ['bytes=0-1,3-4', 'whole'],
    ['items=0-1', 'whole'],
    ['bytes=0-', { first: 0, last: 9 }],
    ['bytes=9-9', { first: 9, last: 9 }],
    ['bytes=2-100', { first: 2, last: 9 }],
    ['bytes=-3', { first: 7, last: 9 }],
    ['bytes=-100', { first: 0, last: 9 }],
    ['bytes=10-', 'unsatisfiable'],
    ['bytes=5-4', 'unsatisfiable'],
    ['bytes=-0', 'unsatisfiable'],
    [`bytes=${'9'.repeat(400)}-`, 'unsatisfiable'],
  ])('%s of ten bytes is %j', (header, expected) => {
    expect(requestedRange(header, 10)).toEqual(expected);
  });

  it('of nothing is unsatisfiable', () => {
    expect(requestedRange('bytes=0-', 0)).toBe('unsatisfiable');
    expect(requestedRange('bytes=-1', 0)).toBe('unsatisfiable');
  });
});

describe("a chunk's range", () => {
  it.each([
    ['0-9', { first: 0, last: 9 }],
    ['bytes 0-9/*', { first: 0, last: 9 }],
    ['bytes=5-5/10', { first: 5, last: 5 }],
    ['9-0', undefined],
    ['-9', undefined],
    ['0-', undefined],
    ['0x1-0x2', undefined],
    ['0-99999999999999999999', undefined],
  ])('%s is %j', (header, expected) => {
    expect(chunkRange(header)).toEqual(expected);
  });
});
