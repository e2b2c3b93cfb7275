import { closeSync, openSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { processIdentity } from '@keelson/process';
import { scratch } from '../process-harness.contract';
import { startCommand } from './start-command';

describe('the start of a command', () => {
  const cwd = scratch();
  const outputFd = openSync('/dev/null', 'w');
  afterAll(() => {
    closeSync(outputFd);
    rmSync(cwd, { recursive: true });
  });
  const start = (...command: string[]) =>
    startCommand({ command, cwd, env: { PATH: process.env.PATH ?? '' }, outputFd });

  it('tells which process it is', async () => {
    const { record, exited } = await start('sh', '-c', 'while ! test -e go; do sleep 0.01; done; exit 3');
    expect(processIdentity(record.pid)).toBe(record.identity);
    writeFileSync(path.join(cwd, 'go'), '');
    expect(await exited).toEqual({ code: 3, signal: null });
    expect(processIdentity(record.pid)).toBeUndefined();
  });

  it('waits until nobody has the program open for writing', async () => {
    const file = path.join(cwd, 'busy');
    writeFileSync(file, '#!/bin/sh\nexit 0\n', { mode: 0o755 });
    const writing = openSync(file, 'r+');
    setTimeout(() => closeSync(writing), 100);
    const { exited } = await start('./busy');
    expect(await exited).toEqual({ code: 0, signal: null });
  });

  it.each([
    ['ENOENT', ['./nothing']],
    ['E2BIG', ['echo', 'x'.repeat(200_000)]],
    ['ERR_INVALID_ARG_VALUE', ['echo', 'a\0b']],
  ])('throws %s as the system tells it', async (code, command) => {
    await expect(start(...command)).rejects.toMatchObject({ code });
  });
});
