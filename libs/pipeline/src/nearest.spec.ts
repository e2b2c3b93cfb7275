import { editDistance, nearest } from './nearest';

describe('the nearest known word', () => {
  it.each([
    ['comand', 'command'],
    ['Command', 'command'],
    ['tiemout', 'timeout'],
    ['artefacts', 'artifacts'],
    ['evn', 'env'],
    ['service', 'services'],
  ])('for %s is %s', (word, known) => {
    expect(nearest(word, ['command', 'env', 'timeout', 'artifacts', 'secrets', 'services'])).toBe(known);
  });

  it('is none when no word is near', () => {
    expect(nearest('script', ['command', 'env', 'timeout'])).toBeUndefined();
    expect(nearest('', ['env'])).toBeUndefined();
    expect(nearest('x'.repeat(100_000), ['command'])).toBeUndefined();
  });

  it.each([
    ['', '', 0],
    ['abc', 'abc', 0],
    ['abc', 'acb', 1],
    ['abc', 'ab', 1],
    ['abc', 'xabc', 1],
    ['kitten', 'sitting', 3],
    ['abc', '', 3],
  ])('counts from %j to %j %d letters', (a, b, distance) => {
    expect(editDistance(a, b)).toBe(distance);
    expect(editDistance(b, a)).toBe(distance);
  });
});
