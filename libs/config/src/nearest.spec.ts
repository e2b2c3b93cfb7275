import { nearest } from './nearest';

describe('nearest', () => {
  const known = ['PORT', 'image', 'RETRY_AFTER', 'command', 'env', 'timeout', 'artifacts', 'secrets', 'services'];

  it.each([
    ['PROT', 'PORT'],
    ['imgae', 'image'],
    ['RETRYAFTER', 'RETRY_AFTER'],
    ['comand', 'command'],
    ['Port', 'PORT'],
    ['evn', 'env'],
    ['tiemout', 'timeout'],
    ['artefacts', 'artifacts'],
    ['service', 'services'],
  ])('finds for %s what was meant: %s', (name, meant) => {
    expect(nearest(name, known)).toBe(meant);
  });

  it('prefers the nearest of several near ones', () => {
    expect(nearest('tests', ['rests', 'test', 'tests2', 'tests'])).toBe('tests');
  });

  it('finds nothing where nothing is near', () => {
    expect(nearest('zebra', ['port', 'image'])).toBeUndefined();
    expect(nearest('x', [])).toBeUndefined();
    expect(nearest('script', known)).toBeUndefined();
    expect(nearest('', ['env'])).toBeUndefined();
    expect(nearest('x'.repeat(100_000), known)).toBeUndefined();
  });
});
