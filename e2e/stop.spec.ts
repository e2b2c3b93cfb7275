import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { spawn, spawnSync } from 'node:child_process';
import { suiteWhere } from '@keelson/testbed';
import { expectInOrder, show } from './support/evidence';
import { Keelson, expectEnd, newData, newDirectory, until, upOnce } from './support/keelson';
import { mark, processesLeft, processesOf } from './support/processes';
import { TestRepository } from './support/repository';

/** The promise of Ctrl-C, and what a machine with other work may take beyond it. */
const inOrderMs = 20_000;

/** The first attempt hangs, with a child in its session and one outside; the next one is quick. */
function hangingRepository(stubborn = ''): TestRepository {
  const repository = new TestRepository();
  repository.pipeline(`if [ $KEELSON_ATTEMPT = 1 ]; then
  ${stubborn}
  sleep 98701 &
  setsid sleep 98702 &
  echo hanging
  sleep 98703
fi
echo done`);
  repository.commit();
  return repository;
}

const children = () => processesOf('sleep 9870');

/** Helpers of ours that end when we do may take a moment longer; a test's processes were waited for. */
const nothingLeft = async () => {
  expect(children()).toEqual([]);
  await until(() => processesLeft().length === 0, {
    timeoutMs: 30_000,
    what: () => `the end of ${JSON.stringify(processesLeft())}`,
  });
};

describe('the end of `up`', () => {
  it.each([
    ['SIGINT', 'a test that ends when asked', ''],
    ['SIGTERM', 'a test that ends when asked', ''],
    ['SIGINT', 'a test that ignores SIGTERM', `trap '' TERM`],
  ] as const)('comes in order at %s, with all that %s has started', async (signal, _what, stubborn) => {
    const data = newData();
    const repository = hangingRepository(stubborn);
    const up = Keelson.up(data, [repository.path]);
    await up.prints('│ hanging');
    await until(() => children().length === 3, { what: () => 'the children of the test' });

    const askedMs = performance.now();
    const ended = await up.stop(signal);
    expect(performance.now() - askedMs).toBeLessThan(inOrderMs);
    expectEnd(ended, { status: 0, stderr: '' });
    expect(ended.stdout).toMatch(/Ctrl-C again/);
    await nothingLeft();

    const again = await upOnce(data, [repository.path]);
    expectEnd(again, { status: 0, stderr: '' });
    const { attempts } = await show(data);
    expect(attempts.map(({ outcome, reason }) => [outcome, reason?.code])).toEqual([
      ['error', 'stopped'],
      ['success', undefined],
    ]);
    expect(attempts[0]!.log).toMatchObject({ lines: 1 });
    await expectInOrder(data, { built: 1 });
  });

  it('comes at once with a second Ctrl-C, and the run goes on at the next start', async () => {
    const data = newData();
    const repository = new TestRepository();
    const go = path.join(newDirectory('go'), 'go');
    repository.pipeline(`trap '' TERM; echo $$ pid; while [ ! -e ${go} ]; do sleep 0.05; done; echo went on`);
    repository.commit();
    const up = Keelson.up(data, [repository.path]);
    await up.prints('pid');
    up.child.kill('SIGINT');
    await up.prints('Ctrl-C again');
    await new Promise((resolve) => setTimeout(resolve, 400)); // sooner would be the same Ctrl-C, passed on twice
    const askedMs = performance.now();
    const ended = await up.stop('SIGINT');
    expectEnd(ended, { status: 130 });
    expect(performance.now() - askedMs).toBeLessThan(inOrderMs / 2);
    appendFileSync(go, '');
    expectEnd(await upOnce(data, [repository.path]), { status: 0 });
    await expectInOrder(data, { built: 1 });
  });

  it('is no success when --once was to bring a verdict', async () => {
    const data = newData();
    const repository = hangingRepository();
    const up = Keelson.up(data, [repository.path], '--once');
    await up.prints('│ hanging');
    expectEnd(await up.stop(), { status: 130 });
    await nothingLeft();
  });
});

const root = path.join(__dirname, '..');
const isPrepared =
  spawnSync(
    process.execPath,
    [
      '--input-type=module',
      '--eval',
      'import { isPrepared } from "./tools/prepare.mjs"; process.exit(isPrepared() ? 0 : 1)',
    ],
    { cwd: root },
  ).status === 0;
// It would build the checkout anew under the feet of the tests beside this one.
const unprepared = isPrepared ? undefined : 'the checkout is not prepared; `npm test` prepares it';

suiteWhere(unprepared)('npm start', () => {
  it.each(['SIGINT', 'SIGTERM'] as const)('passes %s on, and ends with what it started', async (signal) => {
    const repository = hangingRepository();
    const data = newData();
    // A terminal sends Ctrl-C to the whole group: so does this, to a group of its own. SIGTERM goes to npm alone.
    const started = spawn('npm', ['start', '--silent', '--', repository.path, '--data', data, '--port', '0'], {
      cwd: root,
      env: { ...process.env, KEELSON_JOB: mark, NO_COLOR: '1' },
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    for (const stream of [started.stdout, started.stderr]) stream.on('data', (text) => (output += String(text)));
    const closed = new Promise((resolve) => started.on('close', resolve));
    await until(() => output.includes('│ hanging'), { timeoutMs: 180_000, what: () => `the test:\n${output}` });
    process.kill(signal === 'SIGINT' ? -started.pid! : started.pid!, signal);
    await closed;
    await nothingLeft();
    expect(output).not.toMatch(/\n\s+at /);
    expect(existsSync(path.join(data, 'keelson.sock'))).toBe(false);
    expect(readFileSync(path.join(data, '.gitignore'), 'utf8')).toBe('*\n');
  });
});
