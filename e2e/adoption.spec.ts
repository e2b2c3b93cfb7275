import { appendFileSync, readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { expectInOrder, show } from './support/evidence';
import { Keelson, expectEnd, newData, newDirectory, until, upOnce } from './support/keelson';
import { isAlive, kill, processesLeft, processesOf } from './support/processes';
import { TestRepository } from './support/repository';

jest.setTimeout(600_000);

type Status = { supervisor: { pid: number }; child: { pid: number } };

/** The processes of the one job there is, as its supervisor wrote them down. */
function jobOf(data: string): Status {
  const jobs = path.join(data, 'jobs');
  const [name] = readdirSync(jobs).filter((each) => each.endsWith('.test'));
  return JSON.parse(readFileSync(path.join(jobs, name!, 'status.json'), 'utf8')) as Status;
}

/** A test that prints until it is told to end, says who it is, and counts how often it ran. */
function endlessRepository() {
  const repository = new TestRepository();
  const directory = newDirectory('test');
  const [go, ran] = [path.join(directory, 'go'), path.join(directory, 'ran')];
  repository.pipeline(
    `echo "$$ $KEELSON_ATTEMPT" >> ${ran}; i=0
while [ ! -e ${go} ]; do i=$((i+1)); echo "line $i"; sleep 0.02; done
echo "last $i"`,
  );
  repository.commit();
  return { repository, go: () => appendFileSync(go, ''), ran: () => readFileSync(ran, 'utf8').trim().split('\n') };
}

describe('a test that runs while `up` is killed', () => {
  it('goes on, the very same, and its output is whole', async () => {
    const { repository, go, ran } = endlessRepository();
    const data = newData();
    for (const from of [10, 60, 110]) {
      const up = Keelson.up(data, [repository.path]);
      // Told live while it runs, also by the one that found it running.
      await up.prints(`│ line ${from}\n`);
      await up.stop('SIGKILL');
      expect(isAlive(jobOf(data).child.pid)).toBe(true);
    }
    const up = Keelson.up(data, [repository.path]);
    await up.prints('│ line 160\n');
    expect(ran()).toEqual([`${jobOf(data).child.pid} 1`]);
    go();
    await up.prints('GREEN');
    expectEnd(await up.stop(), { status: 0, stderr: '' });

    const { log, attempts } = await show(data);
    expect(attempts).toHaveLength(1);
    expect(ran()).toHaveLength(1);
    expect(log?.complete).toBe(true);
    const output = up.stdout;
    const lines = Number(/│ last (\d+)/.exec(output)?.[1]);
    expect(log?.lines).toBe(lines + 1);
    await expectInOrder(data, { built: 1 });
  });

  it('has its verdict when it ended while nobody was there', async () => {
    const { repository, go, ran } = endlessRepository();
    const data = newData();
    const first = Keelson.up(data, [repository.path]);
    await first.prints('│ line 5\n');
    await first.stop('SIGKILL');
    go();
    await until(() => processesLeft().length === 0, { what: () => 'the end of the test and its supervisor' });
    expectEnd(await upOnce(data, [repository.path]), { status: 0, stderr: '' });
    expect(ran()).toHaveLength(1);
    expect(await show(data)).toMatchObject({ outcome: 'success', attempt: 1, log: { complete: true } });
    await expectInOrder(data, { built: 1 });
  });
});

describe('a test whose supervisor is killed', () => {
  it.each([
    ['while `up` runs', false],
    ['together with `up`', true],
  ])('%s is cut short, its log says so, and it is tried again', async (_when, together) => {
    const repository = new TestRepository();
    repository.pipeline('echo "attempt $KEELSON_ATTEMPT"; if [ $KEELSON_ATTEMPT = 1 ]; then setsid sleep 98721; fi');
    repository.commit();
    const data = newData();
    let up = Keelson.up(data, [repository.path]);
    await up.prints('│ attempt 1');
    await until(() => processesOf('sleep 98721').length === 1, { what: () => 'the child of the test' });
    const { supervisor } = jobOf(data);
    if (together) await up.stop('SIGKILL');
    kill(supervisor.pid);
    if (together) up = Keelson.up(data, [repository.path]);
    await up.prints('GREEN');
    expect(processesOf('sleep 98721')).toEqual([]);
    expectEnd(await up.stop(), { status: 0, stderr: '' });

    const { attempts } = await show(data);
    expect(attempts).toMatchObject([
      { outcome: 'error', reason: { code: 'lost' }, log: { complete: false } },
      { outcome: 'success', log: { lines: 1, complete: true } },
    ]);
    await expectInOrder(data, { built: 1 });
  });

  it('is an error of ours after three attempts, not a verdict on the code', async () => {
    const repository = new TestRepository();
    repository.pipeline('echo "attempt $KEELSON_ATTEMPT"; kill -9 $$');
    repository.commit();
    const data = newData();
    const ended = await upOnce(data, [repository.path]);
    expectEnd(ended, { status: 2 });
    expect(ended.stdout).toMatch(/ERROR.*SIGKILL/);
    expect((await show(data)).attempts.map(({ outcome }) => outcome)).toEqual(['error', 'error', 'error']);
    await expectInOrder(data, { error: 1 });
  });
});
