import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { transformFileSync } from '@swc/core';

const libs = path.join(__dirname, '../libs');

/**
 * Compiles the jobs as they are now, with what their supervisor needs: that is a process of its own, and runs no TypeScript.
 * @returns the path of the supervisor
 */
export function compileJobs(into: string): string {
  compile(path.join(libs, 'jobs/src'), into);
  compile(path.join(libs, 'process/src'), path.join(into, 'node_modules/@keelson/process'));
  return path.join(into, 'supervisor', 'main.js');
}

function compile(sources: string, into: string): void {
  const files = readdirSync(sources, { recursive: true, encoding: 'utf8' });
  for (const file of files.filter((name) => name.endsWith('.ts') && !/\.(spec|contract)\.ts$/.test(name))) {
    const jsc = { target: 'es2022', parser: { syntax: 'typescript' } } as const;
    const { code } = transformFileSync(path.join(sources, file), { swcrc: false, jsc, module: { type: 'commonjs' } });
    const target = path.join(into, file.replace(/\.ts$/, '.js'));
    mkdirSync(path.dirname(target), { recursive: true });
    writeFileSync(target, code);
  }
}
