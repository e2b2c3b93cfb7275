// Brings a checkout into a state in which Keelson can run: dependencies installed, sources compiled. Does nothing when nothing changed.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const stampFile = path.join(root, 'node_modules', '.cache', 'keelson-stamp.json');

function run(what, command, args) {
  process.stderr.write(`keelson: ${what}\n`);
  const done = spawnSync(command, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'], encoding: 'utf8' });
  if (done.status === 0) return;
  process.stderr.write(`${done.stdout ?? ''}${done.stderr ?? ''}${done.error ? String(done.error) + '\n' : ''}`);
  process.stderr.write(
    `keelson: ${what} failed: "${command} ${args.join(' ')}" ended with ${done.status ?? done.signal}\n`,
  );
  process.exit(2);
}

/** Every project directory of the workspace, as package.json names them. */
export function projectDirs() {
  const inside = (dir) => readdirSync(path.join(root, dir)).map((name) => path.join(dir, name));
  return [...inside('libs'), path.join('libs', 'registry', 'server'), ...inside('apps')].filter((dir) =>
    existsSync(path.join(root, dir, 'package.json')),
  );
}

/** A digest of the names, sizes and times of all sources: cheap, and enough to know that nothing was touched. */
function fingerprint(dirs) {
  const hash = createHash('sha256');
  for (const dir of dirs) {
    for (const file of readdirSync(path.join(root, dir, 'src'), { recursive: true }).sort()) {
      const { size, mtimeMs } = statSync(path.join(root, dir, 'src', file));
      hash.update(`${dir}/${file}:${size}:${mtimeMs}\n`);
    }
  }
  return hash.digest('hex');
}

function installed() {
  const lock = readFileSync(path.join(root, 'package-lock.json'));
  return createHash('sha256').update(lock).update(process.version).digest('hex');
}

function readStamp() {
  try {
    return JSON.parse(readFileSync(stampFile, 'utf8'));
  } catch {
    return {}; // no stamp yet, or a torn one: everything is done again
  }
}

/** Installs and builds what changed since the last call. Ends the process with 2, and says why, when that fails. */
export function prepare() {
  const stamp = readStamp();
  const install = installed();
  if (stamp.install !== install) run('installing dependencies (once)', 'npm', ['ci', '--no-audit', '--no-fund']);
  const dirs = projectDirs();
  const sources = fingerprint(dirs);
  const built = dirs.every((dir) => existsSync(path.join(root, dir, 'dist')));
  if (stamp.sources !== sources || stamp.install !== install || !built) {
    run('building', process.execPath, [path.join(root, 'tools', 'build.mjs'), ...dirs]);
  }
  mkdirSync(path.dirname(stampFile), { recursive: true });
  writeFileSync(stampFile, JSON.stringify({ install, sources }));
}
