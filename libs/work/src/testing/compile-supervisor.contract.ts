import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { compileJobs } from '@keelson/testbed';

export const temporary = (): string => realpathSync(mkdtempSync(path.join(tmpdir(), 'keelson-work-')));
let supervisor: string | undefined;
const compiled = temporary();
afterAll(() => rmSync(compiled, { recursive: true }));

/** The jobs' supervisor as it is now: a process of its own, which runs no TypeScript. */
export const supervisorPath = (): string => (supervisor ??= compileJobs(compiled));
