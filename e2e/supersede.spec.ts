import { appendFileSync } from 'node:fs';
import path from 'node:path';
import { expectInOrder, runs } from './support/evidence';
import { Keelson, expectEnd, newData, newDirectory, until } from './support/keelson';
import { processesOf } from './support/processes';
import { TestRepository } from './support/repository';

/** The first commit's test waits for a file; all others are quick. */
function slowFirst() {
  const repository = new TestRepository();
  const go = path.join(newDirectory('go'), 'go');
  repository.write('slow', 'yes\n');
  repository.pipeline(
    `echo begun; if grep -q yes slow; then (sleep 98711 &) ; while [ ! -e ${go} ]; do sleep 0.05; done; pkill -f "sleep 9871[1]"; fi`,
  );
  const first = repository.commit('first');
  const next = (message: string) => {
    repository.write('slow', 'no\n');
    return repository.commit(message);
  };
  return { repository, first, next, go: () => appendFileSync(go, '') };
}

const outcomes = async (data: string) => (await runs(data)).map((run) => [run.commit, run.outcome, run.reason?.code]);

describe('a newer commit of the same branch', () => {
  it('takes the place of an older one that waits, not of one that is being tested', async () => {
    const { repository, first, next, go } = slowFirst();
    const data = newData();
    const up = Keelson.up(data, [repository.path], '--jobs', '1');
    await up.prints('│ begun');
    const second = next('second');
    await until(async () => (await runs(data)).length === 2, { what: () => 'the second run' });
    const third = next('third');
    await up.prints(/SUPERSEDED/);
    go();
    await up.prints(/GREEN[^]*GREEN/);
    expectEnd(await up.stop(), { status: 0, stderr: '' });
    expect(await outcomes(data)).toEqual([
      [first, 'success', undefined],
      [second, 'cancel', 'superseded'],
      [third, 'success', undefined],
    ]);
    await expectInOrder(data, { built: 2, superseded: 1 });
  });

  it('also ends a test that runs, with --cancel-running, and all that it has started', async () => {
    const { repository, first, next } = slowFirst();
    const data = newData();
    const up = Keelson.up(data, [repository.path], '--jobs', '1', '--cancel-running');
    await up.prints('│ begun');
    await until(() => processesOf('sleep 98711').length === 1, { what: () => 'the child of the test' });
    const second = next('second');
    await up.prints(/SUPERSEDED/);
    await up.prints(/GREEN/);
    expect(processesOf('sleep 98711')).toEqual([]);
    expectEnd(await up.stop(), { status: 0, stderr: '' });
    expect(await outcomes(data)).toEqual([
      [first, 'cancel', 'superseded'],
      [second, 'success', undefined],
    ]);
    await expectInOrder(data, { built: 1, superseded: 1 });
  });

  it('leaves the other branches alone', async () => {
    const { repository, next, go } = slowFirst();
    repository.git('branch', 'other');
    const data = newData();
    const up = Keelson.up(data, [`${repository.path}^*`], '--jobs', '2', '--cancel-running');
    await up.prints(/│ begun[^]*│ begun/);
    next('newer, on main');
    await up.prints(/SUPERSEDED[^]*GREEN/);
    go();
    await up.prints(/GREEN[^]*GREEN/);
    expectEnd(await up.stop(), { status: 0, stderr: '' });
    await expectInOrder(data, { built: 2, superseded: 1 });
  });
});
