import { table } from './table';

describe('the table', () => {
  it('sets each number beside its aim and says whether it was met', () => {
    const measures = [
      { name: 'p50', value: 148.7, unit: 'ms', aim: { atMost: 150 } },
      { name: 'ratio', value: 1.234, unit: 'x', aim: { atMost: 1 } },
      { name: 'speed', value: 61.04, unit: 'MB/s', aim: { atLeast: 50 } },
      { name: 'requests', value: 1000, unit: '' },
    ];
    expect(table({ name: 'sample', title: 'what it costs', outcome: { measures, notes: ['n = 7'] } })).toBe(
      [
        'sample · what it costs',
        '  p50        149  ms    aim <= 150 ms   met',
        '  ratio     1.23  x     aim <= 1 x      MISSED',
        '  speed     61.0  MB/s  aim >= 50 MB/s  met',
        '  requests  1000',
        '  - n = 7',
        '',
      ].join('\n'),
    );
  });

  it('says why there is no number', () => {
    expect(table({ name: 'a', title: 'b', outcome: { skipped: 'no go here' } })).toContain('skipped: no go here');
    expect(table({ name: 'a', title: 'b', outcome: { failed: 'boom' } })).toContain('FAILED: boom');
  });
});
