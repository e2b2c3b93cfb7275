import { readdirSync, renameSync } from 'node:fs';
import path from 'node:path';
import { watchLocal } from './hints';
import { openRepository } from './repository';
import { copyOf, remove, runGit, temporaryDirectory, TestRepository } from './testing/test-repository';

process.env['GIT_CONFIG_GLOBAL'] = '/dev/null';

describe('watching a local repository', () => {
  let template: string;
  let root: string;
  let work: TestRepository;
  let controller: AbortController;

  beforeAll(() => {
    template = temporaryDirectory();
    TestRepository.create(path.join(template, 'work')).commit('first', { a: 'a' });
  });
  afterAll(() => remove(template));
  beforeEach(() => {
    root = copyOf(template);
    work = TestRepository.at(path.join(root, 'work'));
    controller = new AbortController();
  });
  afterEach(() => {
    controller.abort();
    remove(root);
  });

  /** A watch that counts its hints; `after` resolves when one came that was caused by the act or later. */
  const watchCounting = async (at = work.path, options = {}) => {
    let hints = 0;
    let ended = false;
    let wake: () => void = () => undefined;
    const watching = (async () => {
      for await (const _hint of watchLocal(await openRepository(at), controller.signal, options)) {
        hints += 1;
        wake();
      }
      ended = true;
      wake();
    })();
    const until = async (condition: () => boolean): Promise<void> => {
      while (!condition()) await new Promise<void>((resolve) => (wake = resolve));
    };
    await until(() => hints > 0);
    const after = async (act: () => void): Promise<void> => {
      await quiet();
      const before = hints;
      act();
      await until(() => hints > before);
    };
    /** Lets events that are under way arrive: a file system event is delivered within a few turns. */
    const quiet = async (): Promise<void> => {
      for (let last = -1; last !== hints;) {
        last = hints;
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    };
    return { after, until, watching, quiet, ended: () => ended, hints: () => hints };
  };

  it('hints at commits, packing, new and removed branches, and a changed HEAD', async () => {
    const watch = await watchCounting();
    await watch.after(() => work.commit('second'));
    await watch.after(() => work.git('pack-refs', '--all'));
    await watch.after(() => work.git('branch', 'side'));
    await watch.after(() => work.git('branch', '-D', 'side'));
    await watch.after(() => work.git('checkout', '--quiet', '--detach'));
    await watch.after(() => work.git('tag', 'v1'));
  });

  it('hints at refs in directories that come, go and come again', async () => {
    const watch = await watchCounting();
    await watch.after(() => work.git('branch', 'feature/deep/one'));
    await watch.after(() => work.git('branch', 'feature/deep/two'));
    await watch.after(() => work.git('branch', '-D', 'feature/deep/one', 'feature/deep/two'));
    await watch.after(() => work.git('branch', 'feature/deep/three'));
    await watch.after(() => work.git('branch', '-f', 'feature/deep/three', work.commit('other')));
  });

  it('is silent about what moves no ref', async () => {
    const watch = await watchCounting();
    await watch.quiet();
    const before = watch.hints();
    work.write({ c: 'c' });
    work.git('add', '--all');
    await watch.quiet();
    work.git('repack', '-a', '-d', '--quiet');
    await watch.quiet();
    expect(watch.hints()).toBe(before);
  });

  it('sees a linked worktree commit to the common directory', async () => {
    work.git('worktree', 'add', '--quiet', '-b', 'linked', path.join(root, 'linked'));
    const watch = await watchCounting(path.join(root, 'linked'));
    await watch.after(() => TestRepository.at(path.join(root, 'linked')).commit('second'));
    await watch.after(() => runGit(['checkout', '--quiet', '--detach'], { cwd: path.join(root, 'linked') }));
  });

  it('ends after a last hint when the repository is removed', async () => {
    const watch = await watchCounting();
    await watch.after(() => remove(work.path));
    await watch.watching;
    expect(watch.ended()).toBe(true);
  });

  it('ends when the signal aborts, also before it began', async () => {
    const watch = await watchCounting();
    controller.abort();
    await watch.watching;
    const seen: unknown[] = [];
    for await (const hint of watchLocal(await openRepository(work.path), controller.signal)) seen.push(hint);
    expect(seen).toEqual([]);
  });

  it('warns once, and goes on, when not everything can be watched', async () => {
    for (const name of ['a/1', 'b/1', 'c/1']) work.git('branch', name);
    const warnings: string[] = [];
    const watch = await watchCounting(work.path, {
      maxDirectories: 3,
      onWarning: (message: string) => warnings.push(message),
    });
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toContain(`${work.path} is watched by the clock`);
    await watch.after(() => work.git('pack-refs', '--all'));
  });

  it('survives a repository that is moved away', async () => {
    const watch = await watchCounting();
    await watch.quiet();
    renameSync(work.path, `${work.path}-moved`);
    expect(readdirSync(root)).toContain('work-moved');
    controller.abort();
    await watch.watching;
  });
});
