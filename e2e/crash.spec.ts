import { accountOf, expectInOrder, runs, show } from './support/evidence';
import { Keelson, expectEnd, newData, upOnce } from './support/keelson';
import { MarkedRepository } from './support/marks';
import { random } from './support/random';

jest.setTimeout(600_000);

describe('kill -9 at any moment', () => {
  const { seed, next } = random();
  // The first second of an `up` is the whole pipeline; later kills fall into the test.
  const points = Array.from({ length: 8 }, () => Math.round(50 + next() * 1200));

  it.each(points)(`loses nothing when killed after %i ms (KEELSON_SEED=${seed})`, async (afterMs) => {
    const data = newData();
    const repository = new MarkedRepository();
    const commit = repository.commit();
    const first = Keelson.up(data, [repository.path]);
    await new Promise((resolve) => setTimeout(resolve, afterMs));
    await first.stop('SIGKILL');

    expectEnd(await upOnce(data, [repository.path]), { status: 0, stderr: '' });
    const run = await show(data);
    expect(run).toMatchObject({ commit, outcome: 'success' });
    repository.expectRanAsRecorded(run);
    await expectInOrder(data, { built: 1 });
  });

  it(`accounts for every commit when killed again and again while commits arrive (KEELSON_SEED=${seed})`, async () => {
    const data = newData();
    const repository = new MarkedRepository();
    repository.commit();
    expectEnd(await upOnce(data, [repository.path]), { status: 0 });
    for (let round = 0; round < 5; round += 1) {
      const up = Keelson.up(data, [repository.path]);
      await up.prints(/keelson up/);
      repository.commit(`round ${round}`);
      repository.commit(`round ${round}, again`);
      await new Promise((resolve) => setTimeout(resolve, Math.round(next() * 800)));
      await up.stop('SIGKILL');
    }
    expectEnd(await upOnce(data, [repository.path]), { status: 0, stderr: '' });
    const { seen, fates } = await accountOf(data);
    expect(seen).toBe(11);
    await expectInOrder(data, { built: fates.built, contained: fates.contained, superseded: fates.superseded });
    const tested = (await runs(data)).filter(({ outcome }) => outcome === 'success');
    expect(tested).toHaveLength(fates.built);
    for (const { run } of tested) repository.expectRanAsRecorded(await show(data, run));
  });
});
