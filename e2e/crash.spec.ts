import { readFileSync } from 'node:fs';
import path from 'node:path';
import { Keelson, keelson, keelsonJson, newData } from './support/keelson';
import { random } from './support/random';
import { TestRepository } from './support/repository';

type Shown = {
  run: string;
  commit: string;
  outcome: string;
  attempts: {
    attempt: number;
    outcome: string;
    reason?: { code: string };
    log?: { lines: number; complete: boolean };
  }[];
};
type Account = { balanced: boolean; seen: number; fates: Record<string, number> };

const lines = 20;

/** A test that leaves a mark when it begins and when it ends, so that the records can be held against what really ran. */
function markedRepository(marks: string): TestRepository {
  const repository = new TestRepository();
  repository.pipeline(
    `echo "begin $KEELSON_COMMIT $KEELSON_ATTEMPT" >> ${marks}
i=0; while [ $i -lt ${lines} ]; do i=$((i+1)); echo "line $i"; sleep 0.01; done
echo "end $KEELSON_COMMIT $KEELSON_ATTEMPT" >> ${marks}`,
  );
  return repository;
}

describe('kill -9 at any moment', () => {
  const { seed, next } = random();
  // The first second of an `up` is the whole pipeline; later kills fall into the test.
  const points = Array.from({ length: 12 }, () => Math.round(50 + next() * 1200));

  it.each(points)(`loses nothing when killed after %i ms (seed ${seed})`, async (afterMs) => {
    const data = newData();
    const marks = path.join(data, '../', `${path.basename(data)}.marks`);
    const repository = markedRepository(marks);
    const commit = repository.commit();
    const first = new Keelson(['up', repository.path, '--data', data, '--port', '0']);
    await new Promise((resolve) => setTimeout(resolve, afterMs));
    await first.stop('SIGKILL');

    const second = await keelson(['up', repository.path, '--once', '--data', data, '--port', '0']);
    expect(second).toMatchObject({ status: 0 });

    const shown = await keelsonJson<Shown>(['show', 'last', '--data', data]);
    const run = shown[0]!;
    expect(run).toMatchObject({ commit, outcome: 'success' });
    const ran = readFileSync(marks, 'utf8').trim().split('\n');
    for (const { attempt, outcome, reason, log } of run.attempts) {
      const begun = ran.filter((mark) => mark === `begin ${commit} ${attempt}`).length;
      const ended = ran.filter((mark) => mark === `end ${commit} ${attempt}`).length;
      // Each attempt ran at most once, and to its end exactly when its record says so; else it says that it was cut short.
      expect(begun).toBeLessThanOrEqual(1);
      if (outcome === 'success') {
        expect({ begun, ended }).toEqual({ begun: 1, ended: 1 });
        expect(log).toMatchObject({ lines, complete: true });
      } else {
        expect(outcome).toBe('error');
        expect(['lost', 'killed']).toContain(reason?.code);
      }
    }
    const logs = await keelson(['logs', 'last', '--data', data]);
    expect(logs.stdout).toBe(Array.from({ length: lines }, (_, index) => `line ${index + 1}\n`).join(''));
    const [account] = await keelsonJson<Account>(['account', '--data', data]);
    expect(account).toMatchObject({ balanced: true, seen: 1, fates: { built: 1, running: 0 } });
  });

  it('accounts for every commit when killed again and again while commits arrive', async () => {
    const data = newData();
    const marks = path.join(data, '../', `${path.basename(data)}.marks`);
    const repository = markedRepository(marks);
    repository.commit();
    for (let round = 0; round < 5; round += 1) {
      const up = new Keelson(['up', repository.path, '--data', data, '--port', '0']);
      await up.prints(/keelson up/);
      repository.commit(`round ${round}`);
      repository.commit(`round ${round}, again`);
      await new Promise((resolve) => setTimeout(resolve, Math.round(next() * 800)));
      await up.stop('SIGKILL');
    }
    expect(await keelson(['up', repository.path, '--once', '--data', data, '--port', '0'])).toMatchObject({
      status: 0,
    });
    const [account] = await keelsonJson<Account>(['account', '--data', data]);
    expect(account).toMatchObject({ balanced: true, fates: { running: 0, parked: 0 } });
    // The very first commit was there before anybody looked; all others were seen to arrive.
    expect(account!.seen).toBeGreaterThanOrEqual(10);
  });
});
