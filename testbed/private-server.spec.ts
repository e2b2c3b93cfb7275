import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { PrivateServer } from './private-server';

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'keelson-private-'));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

const shell = (script: string, answers: () => Promise<boolean>, startWithinMs = 60_000) =>
  new PrivateServer({ name: 'the server', command: ['/bin/sh', '-c', script], directory, answers, startWithinMs });

/** Whether the process is there and not merely waiting for its parent to take note of its end. */
async function isAlive(pid: string): Promise<boolean> {
  try {
    return !/^State:\s+Z/m.test(await readFile(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

describe('a private server', () => {
  it('that ends while starting is reported with what it printed', async () => {
    const server = shell('echo no such disk; exit 3', () => Promise.resolve(false));
    await expect(server.start()).rejects.toThrow(/the server ended while starting:\nno such disk/);
  });

  it('that never answers is reported, and not left running', async () => {
    const server = shell('echo $$; exec sleep 1000', () => Promise.reject(new Error('refused')), 500);
    await expect(server.start()).rejects.toThrow('the server does not answer after 500 ms');
    expect(await isAlive((await server.log()).trim())).toBe(false);
  });

  it('takes along what it started when it is killed, and its directory when it is closed', async () => {
    const server = shell('sleep 1000 & echo $!; wait', async () => (await server.log()) !== '');
    await server.start();
    const pid = (await server.log()).trim();
    expect(await isAlive(pid)).toBe(true);
    await server.close();
    await gone(pid);
    expect(existsSync(directory)).toBe(false);
  });

  it('has what it printed shown at the end of a run in which its suite failed', async () => {
    const logs = await mkdtemp(path.join(tmpdir(), 'keelson-server-logs-'));
    const before = process.env['KEELSON_SERVER_LOGS'];
    process.env['KEELSON_SERVER_LOGS'] = logs;
    try {
      const server = shell('echo the disk burns; sleep 1000', async () => (await server.log()) !== '');
      await server.start();
      await server.close();
      const { testPath } = expect.getState();
      expect(atTheEndOf({ testFilePath: testPath, numFailingTests: 1, testResults: [] })).toMatch(
        /a the server of testbed\/private-server\.spec\.ts printed:\nthe disk burns\n/,
      );
      expect(atTheEndOf({ testFilePath: testPath, numFailingTests: 0, testResults: [] })).not.toMatch(/burns/);
      expect(atTheEndOf({ testFilePath: `${testPath}x`, numFailingTests: 1, testResults: [] })).not.toMatch(/burns/);
    } finally {
      if (before === undefined) delete process.env['KEELSON_SERVER_LOGS'];
      else process.env['KEELSON_SERVER_LOGS'] = before;
      await rm(logs, { recursive: true });
    }
  });

  it('does not outlive the process that started it', async () => {
    const script = path.join(__dirname, 'testdata/start-and-hang.ts');
    const register = path.join(__dirname, '../libs/bus/testdata/register.cjs');
    const parent = spawn(process.execPath, ['-r', register, script, directory], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [printed] = (await once(parent.stdout, 'data')) as [Buffer];
    const pid = printed.toString().trim();
    expect(await isAlive(pid)).toBe(true);
    parent.kill('SIGKILL');
    await gone(pid);
  });
});

/** What the reporter of `npm test` prints when this was its only suite. */
function atTheEndOf(suite: object): string {
  const results = JSON.stringify({ testResults: [suite] });
  const script = `new (require('./tools/summary-reporter.cjs'))().onRunComplete(new Set(), ${results})`;
  const cwd = path.join(__dirname, '..');
  // The counts of the run that this test is in are none of its business.
  const env = { ...process.env, KEELSON_COUNTS: undefined };
  return execFileSync(process.execPath, ['-e', script], { cwd, env, encoding: 'utf8' });
}

async function gone(pid: string): Promise<void> {
  for (let tries = 0; (await isAlive(pid)) && tries < 1_200; tries += 1) await setTimeout(50);
  expect(await isAlive(pid)).toBe(false);
}
