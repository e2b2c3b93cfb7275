import { nearest } from './nearest';

describe('nearest', () => {
  it.each([
    ['PROT', 'PORT'],
    ['imgae', 'image'],
    ['RETRYAFTER', 'RETRY_AFTER'],
    ['comand', 'command'],
    ['Port', 'PORT'],
  ])('finds for %s what was meant: %s', (name, meant) => {
    expect(nearest(name, ['PORT', 'image', 'RETRY_AFTER', 'command', 'env'])).toBe(meant);
  });

  it('prefers the nearest of several near ones', () => {
    expect(nearest('tests', ['rests', 'test', 'tests2', 'tests'])).toBe('tests');
  });

  it('finds nothing where nothing is near', () => {
    expect(nearest('zebra', ['port', 'image'])).toBeUndefined();
    expect(nearest('x', [])).toBeUndefined();
  });
});
