import path from 'node:path';
import { openRepository } from './repository';
import { localTag, remoteTag } from './tags';
import { servedForEach } from './testing/served-for-each.contract';
import type { ServedRepositories } from './testing/served-repositories';
import type { TestRepository } from './testing/test-repository';

describe('the tag on a commit', () => {
  let served: ServedRepositories;
  let work: TestRepository;
  let first: string;

  // It has an annotated tag, v1, on its first commit.
  servedForEach((copy) => {
    served = copy;
    work = served.work;
    first = work.head();
  });

  const push = (): string => work.git('push', '--quiet', '--tags', path.join(served.root, 'repo.git'), 'main');

  it('is the last one that names the commit itself, by its last segment', async () => {
    const repository = await openRepository(work.path);
    expect(await localTag(repository, first)).toBe('');
    for (const name of ['a/1.0', 'release/1.1', 'b']) work.git('tag', name);
    expect(await localTag(repository, first)).toBe('1.1');
    expect(await localTag(repository, work.commit('second'))).toBe('');
  });

  it.each([false, true])('is asked of a remote by one request more (the old protocol: %s)', async (oldProtocol) => {
    const server = await served.serve({ oldProtocol });
    const at = { remote: served.remote(), url: server.url('repo.git') };
    expect(await remoteTag(at, first)).toBe('');
    work.git('tag', 'release/1.1');
    const second = work.commit('second');
    work.git('tag', '2.0');
    push();
    server.requests.length = 0;
    expect(await remoteTag(at, first)).toBe('1.1');
    expect(server.requests).toHaveLength(1);
    expect(await remoteTag(at, second)).toBe('2.0');
  });
});
