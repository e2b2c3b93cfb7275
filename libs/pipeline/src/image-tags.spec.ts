import { imageTags } from './image-tags';

const commit = '0123456789abcdef0123456789abcdef01234567';
const tags = (ref: string, sequence = 7) => imageTags({ ref, sequence, commit });

describe("an image's tags", () => {
  it.each([
    ['refs/heads/main', 'main'],
    ['refs/heads/v1.2', 'v1.2'],
    ['refs/tags/v1.2.3', 'tag-v1.2.3'],
  ])('for %s begin with %s', (ref, name) => {
    expect(tags(ref)).toEqual({ immutable: `${name}-7-0123456789ab`, moving: name });
  });

  it('carry a hash where letters had to be replaced', () => {
    expect(tags('refs/heads/feature/x').moving).toMatch(/^feature-x-[0-9a-f]{8}$/);
    expect(tags('refs/heads/größe').moving).toMatch(/^gr--e-[0-9a-f]{8}$/);
    expect(tags('refs/pull/1/head').moving).toMatch(/^refs-pull-1-head-[0-9a-f]{8}$/);
  });

  it('are never shared by two refs', () => {
    const derived = tags('refs/heads/feature/x');
    const refs = [
      ...['refs/heads/feature/x', 'refs/heads/feature-x', 'refs/heads/feature_x', 'refs/heads/feature.x'],
      ...[
        `refs/heads/${derived.moving}`,
        `refs/heads/${derived.immutable}`,
        `refs/heads/${tags('refs/heads/main').immutable}`,
      ],
      ...['refs/heads/main', 'refs/tags/main', 'refs/heads/tag-main', 'refs/heads/Main', 'refs/notes/main'],
      ...[`refs/heads/${'x'.repeat(96)}`, `refs/heads/${'x'.repeat(97)}`, `refs/heads/${'x'.repeat(98)}`],
    ];
    const all = refs.flatMap((ref) => Object.values(tags(ref)));
    expect(new Set(all).size).toBe(2 * refs.length);
  });

  it('fit the grammar of tags, whatever the ref is called', () => {
    for (const name of ['.hidden', '-x', 'a'.repeat(300), `é${'/x'.repeat(200)}`, '@', 'a+b']) {
      const { immutable, moving } = tags(`refs/heads/${name}`, Number.MAX_SAFE_INTEGER);
      expect(moving).toMatch(/^\w[\w.-]{0,127}$/);
      expect(immutable).toMatch(/^\w[\w.-]{0,127}$/);
    }
  });
});
