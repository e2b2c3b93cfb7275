import { RegistryClient } from './registry-client';
import { startHttpFaultProxy } from '@keelson/testbed';
import type { HttpFaultProxy } from '@keelson/testbed';
import { rejectionOf } from './testing/rejection';
import { answer } from './testing/replies';

describe('tags', () => {
  const { signal } = new AbortController();
  let server: HttpFaultProxy;
  let client: RegistryClient;

  beforeEach(async () => {
    server = await startHttpFaultProxy();
    client = new RegistryClient();
  });

  afterEach(async () => {
    await client.close();
    await server.close();
  });

  const target = () => ({ registry: server.address, repository: 'a' });

  it('are asked for page after page, of this registry wherever a page points', async () => {
    server.fault = (request, response) => {
      const last = Number(new URL(request.url ?? '', 'http://x').searchParams.get('last') ?? 0);
      const link = { link: `<http://elsewhere.example/v2/b/tags/list?n=2&last=${last + 2}>; rel="next"` };
      const tags = [last, last + 1].map((tag) => `v${tag}`);
      return answer(200, last < 4 ? link : {}, JSON.stringify({ name: 'a', tags }))(request, response);
    };
    expect(await client.tags(target(), signal)).toEqual(['v0', 'v1', 'v2', 'v3', 'v4', 'v5']);
    expect(server.seen.map(({ url }) => url)).toEqual([
      '/v2/a/tags/list?n=1000',
      '/v2/a/tags/list?n=2&last=2',
      '/v2/a/tags/list?n=2&last=4',
    ]);
  });

  it('that lead to themselves are not asked for ever', async () => {
    server.fault = answer(200, { link: '</v2/a/tags/list?n=1000>; rel="next"' }, '{"tags":["x"]}');
    expect(String(await rejectionOf(client.tags(target(), signal)))).toContain('leads to itself');
  });

  it('that are none are an empty list', async () => {
    server.fault = answer(200, {}, '{"name":"a","tags":null}');
    expect(await client.tags(target(), signal)).toEqual([]);
  });

  it('that are no texts are refused', async () => {
    server.fault = answer(200, {}, '{"tags":[1]}');
    expect(String(await rejectionOf(client.tags(target(), signal)))).toContain('tags.0');
  });
});
