import { appendFileSync } from 'node:fs';
import path from 'node:path';
import { expectInOrder, runs, show } from './support/evidence';
import type { Shown } from './support/evidence';
import { Keelson, expectEnd, newData, newDirectory, until, upOnce } from './support/keelson';
import { TestRepository } from './support/repository';

const hourMs = 3_600_000;

/** `up` whose clock is off by so much from the moment on at which `jump` is called. */
function upWithClock(data: string, source: string, offMs: number) {
  const when = path.join(newDirectory('clock'), 'when');
  const up = new Keelson(['up', source, '--data', data, '--port', '0'], {
    nodeArgs: ['--require', path.join(__dirname, 'support/clock-jump.cjs')],
    env: { E2E_CLOCK_WHEN: when, E2E_CLOCK_MS: String(offMs) },
  });
  return { up, jump: () => appendFileSync(when, '') };
}

/** How long stages took: what the clock cannot tell is left out. */
const times = ({ stages }: Shown) => stages.flatMap(({ tookMs }) => tookMs ?? []);

describe('a clock that is set back by an hour', () => {
  it('while a test runs keeps nothing from ending, and the order of commits stays', async () => {
    const repository = new TestRepository();
    const go = path.join(newDirectory('go'), 'go');
    repository.pipeline(`echo begun; while [ ! -e ${go} ]; do sleep 0.05; done`, '  timeout: 1m\n');
    repository.commit();
    const data = newData();
    const { up, jump } = upWithClock(data, repository.path, -hourMs);
    await up.prints('│ begun');
    jump();
    const second = repository.commit('after the jump');
    await until(async () => (await runs(data)).length === 2, { what: () => 'the second run' });
    appendFileSync(go, '');
    await up.prints(/GREEN[^]*GREEN/);
    expectEnd(await up.stop(), { status: 0, stderr: '' });
    const all = await runs(data);
    expect(all.map(({ sequence, outcome }) => [sequence, outcome])).toEqual([
      [1, 'success'],
      [2, 'success'],
    ]);
    expect(all[1]!.commit).toBe(second);
    for (const took of all.flatMap(times)) expect(took).toBeGreaterThanOrEqual(0);
    await expectInOrder(data, { built: 2 });
  });

  it('between two attempts does not keep the next one waiting', async () => {
    const repository = new TestRepository();
    repository.pipeline('echo "attempt $KEELSON_ATTEMPT"; [ $KEELSON_ATTEMPT = 3 ] || kill -9 $$');
    repository.commit();
    const data = newData();
    const { up, jump } = upWithClock(data, repository.path, -hourMs);
    await up.prints(/│ attempt 2[^]*ERROR/); // the third is due in ten seconds
    jump();
    await up.prints('GREEN');
    expectEnd(await up.stop(), { status: 0, stderr: '' });
    expect((await show(data)).attempts.map(({ outcome }) => outcome)).toEqual(['error', 'error', 'success']);
    await expectInOrder(data, { built: 1 });
  });

  it('between two starts spoils nothing that the first one left in the middle', async () => {
    const repository = new TestRepository();
    const go = path.join(newDirectory('go'), 'go');
    repository.pipeline(`echo begun; while [ ! -e ${go} ]; do sleep 0.05; done`);
    const first = repository.commit();
    const data = newData();
    const { up, jump } = upWithClock(data, repository.path, hourMs);
    jump();
    await up.prints('│ begun');
    await up.stop('SIGKILL');
    appendFileSync(go, '');
    expectEnd(await upOnce(data, [repository.path]), { status: 0, stderr: '' });
    const second = repository.commit('second');
    expectEnd(await upOnce(data, [repository.path]), { status: 0, stderr: '' });
    const bySequence = (await runs(data)).sort((one, other) => one.sequence - other.sequence);
    expect(bySequence.map(({ commit, outcome }) => [commit, outcome])).toEqual([
      [first, 'success'],
      [second, 'success'],
    ]);
    for (const took of bySequence.flatMap(times)) expect(took).toBeGreaterThanOrEqual(0);
    await expectInOrder(data, { built: 2 });
  });
});
