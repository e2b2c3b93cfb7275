import { expectInOrder } from './support/evidence';
import { Keelson, expectEnd, newData } from './support/keelson';
import { TestRepository } from './support/repository';

describe('one data directory', () => {
  it.each([1, 2, 3, 4])('has one owner when two ask for it at the very same moment (try %i)', async () => {
    const repository = new TestRepository();
    repository.pipeline('echo ok');
    repository.commit();
    const data = newData();
    const ups = [Keelson.up(data, [repository.path]), Keelson.up(data, [repository.path])];
    const ended = await Promise.race(ups.map((up) => up.ended));
    const owner = ups.find(({ child }) => child.exitCode === null)!;

    expectEnd(ended, { status: 2 });
    expect(ended.stdout).not.toMatch(/GREEN/);
    // One sentence: who has it, and what to do.
    expect(ended.stderr).toMatch(new RegExp(`^keelson: .*\\b${owner.pid}\\b.*--data\\n$`));
    await owner.prints('GREEN');
    expectEnd(await owner.stop(), { status: 0, stderr: '' });
    await expectInOrder(data, { built: 1 });
  });

  it('is free again at once when its owner was killed', async () => {
    const repository = new TestRepository();
    repository.pipeline('echo ok');
    repository.commit();
    const data = newData();
    const first = Keelson.up(data, [repository.path]);
    await first.prints('GREEN');
    await first.stop('SIGKILL');
    const second = Keelson.up(data, [repository.path]);
    await second.prints('keelson up');
    expectEnd(await second.stop(), { status: 0 });
    await expectInOrder(data, { built: 1 });
  });
});
