import { Mirror, parseSource, RemoteHeads } from '@keelson/git';
import { GitHttpServer } from '../../../libs/git/src/testing/git-http-server';
import { Heads } from './heads';
import { Watch } from './watch';
import { look, said, World } from './watcher-fixture.contract';

/** Counts how often hints are asked for. */
class CountedHeads extends Heads {
  asked = 0;

  override hints(...of: Parameters<Heads['hints']>): AsyncIterable<void> {
    this.asked += 1;
    return super.hints(...of);
  }
}

describe('a watch of a remote repository', () => {
  let world: World;
  beforeEach(async () => {
    world = await World.open();
  });
  afterEach(() => world.end());

  it('asks for no hints, however often the repository is found: each time would listen for its end once more', async () => {
    const source = await parseSource('https://git.example/team/widget^main', { cwd: world.root });
    const remote = new RemoteHeads();
    const mirrorOf = (url: string) => new Mirror({ directory: world.root, url, remote });
    const heads = new CountedHeads(remote, mirrorOf, () => undefined);
    const watch = new Watch(source, { ...(await world.deps()), heads });
    const ending = new AbortController();
    const stop = watch.start(() => undefined, ending.signal);
    for (let look = 0; look < 20; look += 1) {
      watch.succeeded([]);
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(heads.asked).toBe(0);
    stop();
    await remote.close();
  });

  it('holds up no other source when it is silent', async () => {
    const silent = await GitHttpServer.start({ root: world.root, instead: () => true });
    const commit = world.repository.commit('first');
    const watcher = await world.watch(['^main', `${silent.url('silent.git')}^main`], { lookPatienceMs: 1_000 });
    const nextOf = async () => {
      for (;;) {
        const told = await look(watcher);
        if (told.length > 0) return told.map(said);
      }
    };
    expect(await nextOf()).toEqual([`refs/heads/main 1 ${commit}`]);
    const second = world.repository.commit('second');
    expect(await nextOf()).toEqual([`refs/heads/main 2 ${second}`]);
    expect(world.unreadable).toEqual([]); // the silent one has not been given up yet
    await silent.stop();
  });
});
