import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync } from 'node:fs';
import path from 'node:path';

const root = path.resolve(__dirname, '../../../../..');

/** What testdata/<name>/go.mod pins, as a program; or why there is none. */
export type GoProgram = { path: string; missing?: undefined } | { path?: undefined; missing: string };

/**
 * Builds a Go program of another project at the version that testdata pins, once: later runs find it under node_modules/.cache.
 * @param kind `test`: the package is a test suite
 */
export function goProgram(name: string, packagePath: string, kind: 'program' | 'test'): GoProgram {
  const module = path.resolve(__dirname, '../../testdata', name);
  const pinned = createHash('sha256')
    .update(readFileSync(path.join(module, 'go.sum')))
    .digest('hex')
    .slice(0, 16);
  const target = path.join(root, 'node_modules/.cache/keelson/go', `${name}-${pinned}`);
  if (existsSync(target)) return { path: target };
  try {
    execFileSync('go', ['version'], { stdio: 'ignore' });
  } catch {
    return { missing: 'there is no go on this machine' };
  }
  try {
    execFileSync('go', ['mod', 'download'], { cwd: module, stdio: ['ignore', 'ignore', 'pipe'] });
  } catch (error) {
    return { missing: `its sources could not be fetched: ${String((error as { stderr?: Buffer }).stderr ?? error)}` };
  }
  mkdirSync(path.dirname(target), { recursive: true });
  // Renamed when whole: a build that is cut short is not found later.
  const building = `${target}.${String(process.pid)}`;
  const command = kind === 'test' ? ['test', '-c'] : ['build'];
  execFileSync('nice', ['go', ...command, '-o', building, packagePath], {
    cwd: module,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  renameSync(building, target);
  return { path: target };
}
