import { existsSync } from 'node:fs';
import path from 'node:path';
import { expectInOrder, runs } from './support/evidence';
import { Keelson, expectEnd, newData, newDirectory, upOnce } from './support/keelson';
import { TestRepository } from './support/repository';

/** A repository whose test ends as its file `status` says. */
function repositoryWith(status: number): TestRepository {
  const repository = new TestRepository();
  repository.write('status', `${status}\n`);
  repository.pipeline('exit $(cat status)');
  return repository;
}

describe('--once', () => {
  it.each([
    ['success', 0, { built: 1 }],
    ['failure', 1, { failed: 1 }],
  ] as const)('tells the verdict that stands, %s, and runs nothing again', async (outcome, status, fates) => {
    const repository = repositoryWith(status);
    repository.commit();
    const data = newData();
    expectEnd(await upOnce(data, [repository.path]), { status });
    const again = await upOnce(data, [repository.path]);
    expectEnd(again, { status, stderr: '' });
    expect(again.stdout).toMatch(new RegExp(`has its verdict already: ${outcome}`));
    expect(await runs(data)).toHaveLength(1);
    await expectInOrder(data, fates);
  });

  it('ends with 2 for a commit without a pipeline file, and says what to do', async () => {
    const repository = new TestRepository();
    repository.write('README', 'hello\n');
    repository.commit();
    const data = newData();
    const ended = await upOnce(data, [repository.path]);
    expectEnd(ended, { status: 2 });
    expect(ended.stdout).toMatch(/SKIPPED.*keelson init/);
    await expectInOrder(data, { skipped: 1 });
  });
});

describe('--from now', () => {
  it('waits for the next commit, and leaves the present head alone', async () => {
    const repository = repositoryWith(1);
    repository.commit();
    const data = newData();
    const up = Keelson.up(data, [repository.path], '--from', 'now');
    await up.prints('waiting for the next commit'); // its head is recorded as the place to start from
    repository.write('status', '0\n');
    const commit = repository.commit();
    await up.prints('GREEN');
    expectEnd(await up.stop(), { status: 0 });
    expect((await runs(data)).map((run) => [run.commit, run.outcome])).toEqual([[commit, 'success']]);
    await expectInOrder(data, { built: 1 });
  });

  it('is refused with --once: nothing would be tested', async () => {
    const repository = repositoryWith(0);
    repository.commit();
    const data = path.join(newDirectory('none'), 'data');
    const { status, stderr } = await upOnce(data, [repository.path], '--from', 'now');
    expect(status).toBe(2);
    expect(stderr).toMatch(/^keelson: --once .*--from now/);
    expect(existsSync(data)).toBe(false);
  });

  it('does not keep a later --from head from building that head', async () => {
    const repository = repositoryWith(1);
    const commit = repository.commit();
    const data = newData();
    const up = Keelson.up(data, [repository.path], '--from', 'now');
    await up.prints('waiting for the next commit');
    expectEnd(await up.stop(), { status: 0 });
    expect(await runs(data)).toEqual([]);
    expectEnd(await upOnce(data, [repository.path]), { status: 1 });
    expect((await runs(data)).map((run) => [run.commit, run.outcome])).toEqual([[commit, 'failure']]);
    await expectInOrder(data, { failed: 1 });
  });
});
