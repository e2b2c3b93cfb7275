import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { BusInUseError } from './bus-in-use-error';
import { auditFrom, consuming, Recorder, until } from './bus-harness.contract';
import { LmdbBus } from './lmdb-bus';
import { closeStore, openStore } from './lmdb-store';

const testdata = path.join(__dirname, '..', 'testdata');
let directory: string;
const children: ChildProcess[] = [];
const buses: LmdbBus[] = [];

beforeEach(() => {
  directory = mkdtempSync(path.join(tmpdir(), 'keelson-bus-'));
});
afterEach(async () => {
  await Promise.all(children.splice(0).map(kill));
  await Promise.all(buses.splice(0).map((bus) => bus.close()));
  rmSync(directory, { recursive: true });
});

/** A process of its own that opens the bus; its lines as they come. */
function child(...args: number[]): { lines: () => string[]; process: ChildProcess } {
  const script = path.join(testdata, 'publish-and-hang.ts');
  const started = spawn(
    process.execPath,
    ['-r', path.join(testdata, 'register.cjs'), script, directory, ...args.map(String)],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  children.push(started);
  let output = '';
  started.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  // The last line may be torn.
  return { lines: () => output.split('\n').slice(0, -1), process: started };
}

async function kill(victim: ChildProcess): Promise<void> {
  if (victim.exitCode !== null || victim.signalCode !== null) return;
  const ended = once(victim, 'exit');
  victim.kill('SIGKILL');
  await ended;
}

const open = async () => {
  const bus = await LmdbBus.open({ directory, graceMs: 50 });
  buses.push(bus);
  return bus;
};

test('a directory that a living process has is refused, naming it, until that process is gone', async () => {
  const other = child(0, 0);
  await until('the other has it', () => other.lines().includes('open'));
  const refused = await open().catch((error: unknown) => error);
  expect(refused).toBeInstanceOf(BusInUseError);
  expect(refused).toMatchObject({ code: 'bus-in-use', pid: other.process.pid });
  expect(String(refused)).toContain(directory);
  await kill(other.process);
  await open();
});

test('the other way round as well, and closing in order sets it free', async () => {
  const bus = await open();
  const refused = child(0, 0);
  await until('it has been refused', () => refused.lines().some((line) => line.startsWith('failed bus-in-use')));
  await bus.close();
  const welcome = child(0, 0);
  await until('it is let in', () => welcome.lines().includes('open'));
});

test('an owner whose process id has passed to another process is taken over', async () => {
  const store = await openStore(directory);
  store.meta.putSync('owner', JSON.stringify({ pid: process.ppid, identity: 'an earlier life' }));
  await closeStore(store);
  await open();
});

test('deliveries that were in work when the process was killed come back', async () => {
  const victim = child(3, 0);
  await until('two are in work', () => victim.lines().filter((line) => line.startsWith('in work')).length === 2);
  await kill(victim.process);
  const bus = await open();
  const recorder = new Recorder();
  consuming(bus, {}, recorder.handler);
  await recorder.untilSeen(3);
  expect(recorder.seen.map((one) => [one.subject, one.delivery.redelivered])).toEqual([
    ['0', true],
    ['1', true],
    ['2', false],
  ]);
});

test('nothing that was confirmed is lost, whenever the process is killed', async () => {
  const numbers = (lines: string[]) => lines.flatMap((line) => /^confirmed (\d+)$/.exec(line)?.[1] ?? []);
  const confirmed: string[] = [];
  for (const killAfter of [1, 40, 150]) {
    const victim = child(20, 100_000);
    await until('enough is confirmed', () => numbers(victim.lines()).length >= killAfter);
    await kill(victim.process);
    confirmed.push(...numbers(victim.lines()));
  }
  const bus = await open();
  const stored = (await auditFrom(bus)).map((entry) => entry.event.subject);
  for (const number of new Set(confirmed)) {
    const times = (list: string[]) => list.filter((one) => one === number).length;
    expect(times(stored)).toBeGreaterThanOrEqual(times(confirmed));
  }
  const recorder = new Recorder();
  consuming(bus, { prefetch: 50 }, recorder.handler);
  await recorder.untilSeen(stored.length);
  expect([...recorder.subjects].sort()).toEqual([...stored].sort());
});
