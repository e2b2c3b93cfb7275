import { versionIn, withVersion } from './version-text';

describe('the version in a text that somebody else wrote', () => {
  const open = '<repo-version>';
  it.each([
    ['opened and never closed', open.repeat(100_000), 'html'],
    ['opened in every line', `${open}\n`.repeat(100_000), 'html'],
    ['full of brackets', `${open}${'<'.repeat(1_000_000)}</repo-version>`, 'html'],
    ['full of spaces', `:Revision:${' '.repeat(1_000_000)}\rx\n`, 'asciidoc'],
    ['of both kinds', `${open}</repo-version>\n:Revision: \n`.repeat(100_000), 'asciidoc'],
    ['of spaces and then a word', `:Revision: ${`1${' '.repeat(1_000)}`.repeat(1_000)}x\n`, 'asciidoc'],
  ] as const)('is refused within seconds: %s', (_what, text, markup) => {
    const begun = performance.now();
    expect(() => versionIn(text, markup)).toThrow();
    expect(performance.now() - begun).toBeLessThan(60_000);
  });

  it('is the one in a tag, where that is in an attribute', () => {
    const text = ':Revision: <repo-version>1.2.3</repo-version>\n:revision:\t1.2.3 \r\nmore';
    expect(String(versionIn(text, 'asciidoc'))).toBe('1.2.3');
    expect(withVersion(text, '2.0.0', 'asciidoc')).toBe(
      ':Revision: <repo-version>2.0.0</repo-version>\n:revision:\t2.0.0 \nmore\n',
    );
  });

  it('is found in the first tag that is closed in its line', () => {
    const texts = [
      `${open}\n${open}1.2.3</repo-version>`,
      `${open}1.2.3</repo-version></repo-version>`,
      `</repo-version>${open}1.2.3</repo-version>`,
      `${open}${open}1.2.3</repo-version>`,
    ];
    expect(texts.map((text) => String(versionIn(text, 'html')))).toEqual(Array(4).fill('1.2.3'));
  });
});
