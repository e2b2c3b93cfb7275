import { codes, TestRegistry } from './testing/test-registry';

describe('lists', () => {
  let registry: TestRegistry;
  beforeAll(async () => {
    registry = await TestRegistry.start();
    const manifest = await registry.image('team/app');
    for (const tag of ['v2', 'V10', 'latest', '_x', 'Beta', 'alpha'])
      await registry.putManifest(`team/app/manifests/${tag}`, manifest);
    await registry.push('team', Buffer.from('x'));
    await registry.push('team-two/app', Buffer.from('x'));
  });
  afterAll(() => registry.close());

  const tags = async (query: string): Promise<readonly string[]> =>
    ((await (await registry.get(`/v2/team/app/tags/list${query}`)).json()) as { tags: string[] }).tags;

  it('tell all tags, capital letters among the small', async () => {
    expect(await tags('')).toEqual(['_x', 'alpha', 'Beta', 'latest', 'V10', 'v2']);
  });

  it('tell tags in pages, each linked to the next', async () => {
    const found: string[][] = [];
    let path = '/v2/team/app/tags/list?n=4';
    while (path !== '' && found.length < 10) {
      const answer = await registry.get(path);
      found.push(((await answer.json()) as { tags: string[] }).tags);
      path = /^<(.*)>; rel="next"$/.exec(answer.headers.get('link') ?? '')?.[1] ?? '';
    }
    expect(found).toEqual([
      ['_x', 'alpha', 'Beta', 'latest'],
      ['V10', 'v2'],
    ]);
  });

  it('begin behind a tag, also one that is not there', async () => {
    expect(await tags('?last=latest')).toEqual(['V10', 'v2']);
    expect(await tags('?last=c&n=1')).toEqual(['latest']);
    expect(await tags('?n=0')).toEqual([]);
    expect(await tags('?last=zzz')).toEqual([]);
  });

  it('refuse a number that is none', async () => {
    for (const n of ['-1', 'many', '', '1e3']) {
      const answer = await registry.get(`/v2/team/app/tags/list?n=${n}`);
      expect([answer.status, await codes(answer)]).toEqual([400, ['PAGINATION_NUMBER_INVALID']]);
    }
  });

  it('are empty for a repository without tags, unknown for one that is not there', async () => {
    expect(await (await registry.get('/v2/team-two/app/tags/list')).json()).toEqual({ name: 'team-two/app', tags: [] });
    for (const name of ['nobody', 'team-two', 'team/app/tags']) {
      const answer = await registry.get(`/v2/${name}/tags/list`);
      expect([answer.status, await codes(answer)]).toEqual([404, ['NAME_UNKNOWN']]);
    }
  });

  it('tell every repository, in pages too', async () => {
    expect(await (await registry.get('/v2/_catalog')).json()).toEqual({
      repositories: ['team', 'team-two/app', 'team/app'],
    });
    const first = await registry.get('/v2/_catalog?n=2');
    expect(first.headers.get('link')).toBe('</v2/_catalog?n=2&last=team-two%2Fapp>; rel="next"');
    expect(await (await registry.get('/v2/_catalog?n=2&last=team-two%2Fapp')).json()).toEqual({
      repositories: ['team/app'],
    });
  });
});
