import { newRunId } from '@keelson/events';
import { runName } from './run-name';

describe('run names', () => {
  it('are always the same for a run, and spread', () => {
    const ids = Array.from({ length: 200 }, newRunId);
    expect(ids.map(runName)).toEqual(ids.map(runName));
    expect(new Set(ids.map(runName)).size).toBeGreaterThan(190);
    expect(runName(ids[0]!)).toMatch(/^[a-z]+-[a-z]+-\d\d$/);
  });
});
