import { formatImageReference } from '@keelson/registry';
import { parseMirrorList } from './mirror-list';

const digest = `sha256:${'a'.repeat(64)}`;

const read = (text: string, prefix?: string): string[] =>
  parseMirrorList(text, prefix).map(({ from, to }) => `${formatImageReference(from)} ${formatImageReference(to)}`);

describe('a list of images to mirror', () => {
  it('names an image on each line, which keeps its name below the prefix', () => {
    const text = `# bases\ndebian:12\r\n\n  quay.io/team/tool@${digest}  # pinned\nmoby/buildkit:v1@${digest}\n`;
    expect(read(text, 'registry.internal/mirror')).toEqual([
      'docker.io/library/debian:12 registry.internal/mirror/library/debian:12',
      `quay.io/team/tool@${digest} registry.internal/mirror/team/tool@${digest}`,
      `docker.io/moby/buildkit:v1@${digest} registry.internal/mirror/moby/buildkit:v1`,
    ]);
  });

  it('may give an image another name, with its own tag or another', () => {
    expect(read('debian:12 a.b/base\ndebian:12 a.b/base:stable')).toEqual([
      'docker.io/library/debian:12 a.b/base:12',
      'docker.io/library/debian:12 a.b/base:stable',
    ]);
  });

  it('may name an image twice', () => {
    expect(read('debian:12\ndocker.io/library/debian:12', 'a.b')).toHaveLength(1);
  });

  it('tells every line that cannot be meant', () => {
    const text = 'debian:12\nDebian\na.b/c:1 d.e/f:1 more\n\nquay.io/library/debian:12\n';
    expect(() => read(text, 'a.b')).toThrow(
      /^line 2: .*Debian.*\nline 3: there is more .*\nline 5: it would be a.b\/library\/debian:12, as that of line 1 is$/,
    );
    expect(() => read('debian')).toThrow('line 1: where to? Give --to');
  });
});
