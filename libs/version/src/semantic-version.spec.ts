import { SemanticVersion } from './semantic-version';

const parse = (text: string): SemanticVersion => SemanticVersion.parse(text);

describe('SemanticVersion', () => {
  it.each([
    ['1.2.3', '1.2.3'],
    ['v1.2', '1.2.0'],
    ['7', '7.0.0'],
    ['1.2.3-rc.1+build.5', '1.2.3-rc.1+build.5'],
    ['123456789012345678901234567890.0.0', '123456789012345678901234567890.0.0'],
  ])('reads %s', (text, plain) => {
    expect(String(parse(text))).toBe(plain);
    expect(parse(text).original).toBe(text);
  });

  it.each(['', 'one', '1.2.3.4', '1.2.3-', '1.2.3-a..b', ' 1.2.3', '1.2.3\n', 'V1.2.3', '1.2.3-ä'])(
    'refuses %j',
    (text) => {
      expect(() => parse(text)).toThrow('Invalid Semantic Version');
    },
  );

  it('sorts as semver.org says', () => {
    const sorted = [
      '0.9.0',
      '1.0.0-alpha',
      '1.0.0-alpha.1',
      '1.0.0-alpha.beta',
      '1.0.0-beta',
      '1.0.0-beta.2',
      '1.0.0-beta.11',
    ];
    const all = [...sorted, '1.0.0-rc.1', '1.0.0', 'v1.0.1', '1.10.0', '2.0.0'];
    const mixed = [...all].reverse().map(parse);
    expect(mixed.sort((one, other) => one.compare(other)).map(({ original }) => original)).toEqual(all);
    expect(parse('1.0.0+a').compare(parse('v1.0.0+b'))).toBe(0);
  });

  it('raises its numbers, and keeps a leading v', () => {
    expect(parse('v1.2.3-rc.1+5').nextMajor().original).toBe('v2.0.0');
    expect(parse('1.2.3').nextMinor().original).toBe('1.3.0');
    expect(parse('1.2.3').nextPatch().original).toBe('1.2.4');
    expect(parse('1.2.3-rc.1+5').nextPatch().original).toBe('1.2.3');
    expect(parse('v1.2.3+5').withPrerelease('a-b').original).toBe('v1.2.3-a-b+5');
    expect(() => parse('1.2.3').withPrerelease('a b')).toThrow('Invalid Semantic Version');
  });
});
