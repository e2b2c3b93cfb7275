import { mkdirSync, mkdtempSync, readdirSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { transformFileSync } from '@swc/core';

export const temporary = (): string => realpathSync(mkdtempSync(path.join(tmpdir(), 'keelson-work-')));
let supervisor: string | undefined;
const compiled = temporary();
afterAll(() => rmSync(compiled, { recursive: true }));

/** The jobs' supervisor as it is now: a process of its own, which runs no TypeScript. */
export const supervisorPath = (): string => (supervisor ??= compile(compiled));

function compile(into: string): string {
  const jobs = path.join(__dirname, '../../../jobs/src');
  const files = readdirSync(jobs, { recursive: true, encoding: 'utf8' });
  for (const file of files.filter((name) => name.endsWith('.ts') && !/\.(spec|contract)\.ts$/.test(name))) {
    const jsc = { target: 'es2022', parser: { syntax: 'typescript' } } as const;
    const { code } = transformFileSync(path.join(jobs, file), { swcrc: false, jsc, module: { type: 'commonjs' } });
    const target = path.join(into, file.replace(/\.ts$/, '.js'));
    mkdirSync(path.dirname(target), { recursive: true });
    writeFileSync(target, code);
  }
  return path.join(into, 'supervisor', 'main.js');
}
