import { imageName } from './image-name';
import { parsePipeline } from './parse-pipeline';

const unnamed = { image: { base: 'scratch', workdir: '/src', git: 'none' as const } };

describe("the image's name", () => {
  it('is what the file says', () => {
    expect(imageName({ image: { ...unnamed.image, name: 'team/other' } }, '/home/widget')).toBe('team/other');
  });

  it.each([
    ['https://git.example/team/widget.git', 'widget'],
    ['https://git.example/team/widget/', 'widget'],
    ['ssh://git@git.example:2222/team/Widget.git', 'widget'],
    ['git.example:widget.git', 'widget'],
    ['/home/projects/widget', 'widget'],
    ['/home/projects/widget/.git', 'widget'],
    ['/srv/git/widget.git', 'widget'],
    ['/home/projects/My Widget (new)', 'my-widget-new'],
    ['/home/projects/__widget--x..y__', 'widget--x-y'],
    ['/home/projects/node.js_tools', 'node.js_tools'],
    ['/home/projects/größe', 'gr-e'],
  ])('of %s is %s', (source, name) => {
    expect(imageName(unnamed, source)).toBe(name);
  });

  it('is one that a registry takes, whatever the repository is called', () => {
    const sources = [
      '/',
      '/.git',
      '/部品',
      '/...',
      `/${'x'.repeat(300)}`,
      `/y${'-'.repeat(300)}y`,
      '/a\nb',
      '/-c-',
      '/d___e',
    ];
    const names = sources.map((source) => imageName(unnamed, source));
    for (const name of names) expect(parsePipeline(`image: { name: ${name} }\ntest: none`).ok).toBe(true);
    expect(new Set(names).size).toBe(names.length);
  });
});
