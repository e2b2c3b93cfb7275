import { holds } from './kept-runs';
import type { KeepRules } from './kept-runs';
import type { RunFacts } from './run-facts';

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
const nowMs = 100 * dayMs;

/** A run of `main` that ended green so many days ago. */
const run = (sequence: number, days: number, more: Partial<RunFacts> = {}): RunFacts => ({
  ...{ run: `r${sequence}`, name: `run-${sequence}`, source: '/w', ref: 'refs/heads/main', sequence },
  ...{ commit: String(sequence), atMs: nowMs - days * dayMs, hasEnded: true, isGreen: true, isCached: false },
  ...{ image: [], snapshot: [], copiedBases: [], tags: [] },
  ...more,
});
const held = (runs: readonly RunFacts[], rules: Partial<KeepRules> = {}) => {
  const all = { keep: 2, olderThanMs: 30 * dayMs, nowMs, isGone: () => false, ...rules };
  return [...holds(runs, all)].map(([{ name }, hold]) => `${name} ${hold}`).sort();
};

describe('a run is held', () => {
  it('firmly when it is the newest of its ref, or the last green one', () => {
    const runs = [run(1, 90), run(2, 80), run(3, 70, { isGreen: false }), run(4, 60, { isGreen: false })];
    expect(held(runs)).toEqual(['run-1 loose', 'run-2 firm', 'run-3 soft', 'run-4 firm']);
  });

  it('by its age and by its place among the runs of its ref', () => {
    const runs = [run(1, 40), run(2, 29), run(3, 28), run(4, 27)];
    expect(held(runs)).toEqual(['run-1 loose', 'run-2 soft', 'run-3 soft', 'run-4 firm']);
    expect(held(runs, { keep: 4 })).toContain('run-1 soft');
    expect(held([run(1, 90), run(1, 90, { ref: 'refs/heads/other', name: 'other' })])).toEqual([
      'other firm',
      'run-1 firm',
    ]);
  });

  it('firmly for a day, or as long as was asked for, and until it has ended', () => {
    const runs = [run(1, 0.5), run(2, 2), run(3, 2)];
    expect(held(runs)).toEqual(['run-1 firm', 'run-2 soft', 'run-3 firm']);
    expect(held(runs, { olderThanMs: hourMs, keep: 1 })).toEqual(['run-1 loose', 'run-2 loose', 'run-3 firm']);
    expect(held([run(1, 90, { hasEnded: false }), run(2, 90), run(3, 90), run(4, 90)])).toContain('run-1 firm');
  });

  it('firmly while another run of the same commit has not ended: it may count on what is there', () => {
    const runs = [run(1, 90), run(2, 80), run(3, 70), run(4, 0, { commit: '1', hasEnded: false, ref: 'refs/heads/x' })];
    expect(held(runs, { keep: 1 })).toEqual(['run-1 firm', 'run-2 loose', 'run-3 firm', 'run-4 firm']);
  });

  it('by its age alone when its ref is gone', () => {
    expect(held([run(1, 90), run(2, 20)], { isGone: () => true })).toEqual(['run-1 loose', 'run-2 soft']);
  });
});
