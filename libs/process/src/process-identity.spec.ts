import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { processIdentity } from './process-identity';

test('a process has one identity as long as it lives, and one that began later has another', async () => {
  expect(processIdentity(process.pid)).toBeDefined();
  expect(processIdentity(process.pid)).toBe(processIdentity(process.pid));
  const child = spawn('sleep', ['60']);
  expect(processIdentity(child.pid!)).not.toBe(processIdentity(process.pid));
  child.kill('SIGKILL');
  await once(child, 'exit');
});

test('a process that has ended has none', async () => {
  const child = spawn('sleep', ['60']);
  expect(processIdentity(child.pid!)).toBeDefined();
  child.kill('SIGKILL');
  await once(child, 'exit');
  expect(processIdentity(child.pid!)).toBeUndefined();
});

test('nor has a zombie, whose parent has not asked for its end yet', async () => {
  // The shell becomes a sleep that never waits for the child it inherits.
  const parent = spawn('sh', ['-c', 'true & echo $!; exec sleep 60']);
  const [line] = (await once(parent.stdout, 'data')) as [Buffer];
  const isSeenAsDead = () => processIdentity(Number(line.toString())) === undefined;
  while (!isSeenAsDead()) await sleep(10);
  parent.kill('SIGKILL');
  await once(parent, 'exit');
});
