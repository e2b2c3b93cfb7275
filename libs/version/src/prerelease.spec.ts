import { readFileSync } from 'node:fs';
import path from 'node:path';
import { branchPrerelease, nextCandidate, sortableTime } from './prerelease';
import { SemanticVersion } from './semantic-version';

const recorded = JSON.parse(readFileSync(path.join(__dirname, '..', 'testdata', 'semver.json'), 'utf8')) as {
  times: [number, string][];
};

describe('the pre-release', () => {
  it.each(recorded.times)('writes the time %i as %s', (seconds, text) => expect(sortableTime(seconds)).toBe(text));

  it('sorts like the time', () => {
    const times = [1_000_000_000, 1_555_972_746, 1_555_972_747, 1_700_000_000, 2_147_483_647, 4_102_444_800];
    const texts = times.map(sortableTime);
    expect([...texts].sort()).toEqual(texts);
  });

  it('is the branch, cleaned, and the time', () => {
    expect(branchPrerelease('feature/42_fast+é.x', new Date(1_555_972_746_999))).toBe(
      'feature-42-fast---x-aaaagjihgjw',
    );
  });

  it('counts the candidates of this version only', () => {
    const tags = ['v1.2.3-rc.9', '1.2.3-rc.10', '1.2.3-rc.x', '1.2.3', '1.2.4-rc.77'].map((tag) =>
      SemanticVersion.parse(tag),
    );
    expect(String(nextCandidate(SemanticVersion.parse('1.2.3-beta'), tags))).toBe('1.2.3-rc.11');
    expect(String(nextCandidate(SemanticVersion.parse('3.0.0'), tags))).toBe('3.0.0-rc.1');
  });
});
