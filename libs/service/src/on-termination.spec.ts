import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { transformFileSync } from '@swc/core';

/** A process of its own that calls onTermination and says what happens. */
describe('onTermination', () => {
  const directory = mkdtempSync(path.join(tmpdir(), 'keelson-termination-'));
  afterAll(() => rmSync(directory, { recursive: true }));
  const children: ChildProcess[] = [];
  afterEach(() => children.splice(0).forEach((child) => child.kill('SIGKILL')));

  beforeAll(() => {
    const source = path.join(__dirname, 'on-termination.ts');
    const { code } = transformFileSync(source, {
      swcrc: false,
      jsc: { parser: { syntax: 'typescript' }, target: 'es2022' },
      module: { type: 'commonjs' },
    });
    writeFileSync(path.join(directory, 'on-termination.cjs'), code);
  });

  const start = async (body: string) => {
    const script = `const { onTermination } = require('./on-termination.cjs'); ${body}; console.log('ready'); setInterval(() => {}, 1000);`;
    const child = spawn(process.execPath, ['-e', script], { cwd: directory, stdio: ['ignore', 'pipe', 'inherit'] });
    children.push(child);
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    const line = async () => (await lines.next()).value as string;
    expect(await line()).toBe('ready');
    return { child, line };
  };

  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)('calls back at the first %s, and ends at the second with %d', async (signal, status) => {
    const { child, line } = await start('onTermination((signal) => console.log(signal), { sameWithinMs: 0 })');
    child.kill(signal);
    expect(await line()).toBe(signal);
    const exited = once(child, 'exit');
    child.kill(signal);
    expect(await exited).toEqual([status, null]);
  });

  it('takes a signal that comes twice at once for one', async () => {
    const { child, line } = await start('onTermination((signal) => setTimeout(() => console.log(signal), 50))');
    child.kill('SIGINT');
    child.kill('SIGTERM');
    expect(await line()).toMatch(/^SIG(INT|TERM)$/);
    expect(child.exitCode).toBeNull();
  });

  it('gives the signals back', async () => {
    const { child } = await start('onTermination(() => console.log("called"))()');
    const exited = once(child, 'exit');
    child.kill('SIGTERM');
    expect(await exited).toEqual([null, 'SIGTERM']);
  });
});
