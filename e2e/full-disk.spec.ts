import { spawnSync } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { smallDisk, suiteWhere } from '@keelson/testbed';
import { expectInOrder, runs } from './support/evidence';
import { Keelson, expectEnd } from './support/keelson';
import { TestRepository } from './support/repository';

jest.setTimeout(600_000);

const { directory: disk, missing, remove } = smallDisk('24m');
afterAll(remove);

suiteWhere(missing)('a data directory on a disk that is full', () => {
  it('is told in plain words, and goes on by itself when there is space again', async () => {
    const repository = new TestRepository();
    repository.pipeline('cat version');
    repository.write('version', 'version 1\n');
    repository.commit();
    const data = path.join(disk, 'data');
    const up = Keelson.up(data, [repository.path]);
    await up.prints(/│ version 1[^]*GREEN/);

    const filler = path.join(disk, 'filler');
    spawnSync('dd', ['if=/dev/zero', `of=${filler}`, 'bs=64k']); // until nothing fits any more
    writeFileSync(path.join(repository.path, 'version'), 'version 2\n');
    const commit = repository.commit('second');
    await up.prints(/full|no space|ENOSPC/i, 60_000);
    expect(up.stdout).not.toMatch(/│ version 2/);
    expect(up.child.exitCode).toBeNull();

    rmSync(filler);
    await up.prints(/│ version 2[^]*GREEN/, 90_000);
    expect(`${up.stdout}${up.stderr}`).not.toMatch(/\n\s+at |Unhandled/);
    expectEnd(await up.stop(), { status: 0 });
    expect((await runs(data)).at(-1)).toMatchObject({ commit, outcome: 'success' });
    await expectInOrder(data, { built: 2 });
  });
});
