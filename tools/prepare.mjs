// Brings a checkout into a state in which Keelson can run: dependencies installed, sources compiled. Does nothing when nothing changed.
import './node-version.mjs';
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const stampFile = path.join(root, 'node_modules', '.cache', 'keelson-stamp.json');
const lockFile = path.join(root, '.prepare.lock');

/** What it prints is kept back unless it fails: npm's warnings are not about anything its reader did. */
function run(what, command, args) {
  process.stderr.write(`keelson: ${what}\n`);
  const done = spawnSync(command, args, {
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe'],
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  });
  if (done.status === 0) return;
  const ending = done.error ? String(done.error) : `it ended with ${done.status ?? done.signal}`;
  process.stderr.write(
    `${done.stdout ?? ''}${done.stderr ?? ''}keelson: ${what}: "${command} ${args.join(' ')}" failed: ${ending}\n`,
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
  const add = (file) => {
    const { size, mtimeMs } = statSync(path.join(root, file));
    hash.update(`${file}:${size}:${mtimeMs}\n`);
  };
  add(path.join('tools', 'build.mjs'));
  for (const dir of dirs) {
    const sources = path.join(dir, 'src');
    for (const file of readdirSync(path.join(root, sources), { recursive: true }).sort()) add(path.join(sources, file));
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

/** Whose lock it is; undefined when nobody's: its process is gone, or it is older than any installation takes. */
function holder() {
  try {
    if (Date.now() - statSync(lockFile).mtimeMs > 10 * 60_000) return undefined;
    const pid = Number(readFileSync(lockFile, 'utf8'));
    if (pid > 0) process.kill(pid, 0);
    return pid;
  } catch (error) {
    return error.code === 'EPERM' ? 'another user' : undefined;
  }
}

/** One at a time: two installations in one directory would spoil each other. */
function lock() {
  for (let hasSaid = false; ; hasSaid = true) {
    try {
      writeFileSync(lockFile, `${process.pid}`, { flag: 'wx' });
      process.on('exit', () => rmSync(lockFile, { force: true }));
      return;
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
    }
    const pid = holder();
    if (pid === undefined) rmSync(lockFile, { force: true });
    else if (!hasSaid) process.stderr.write(`keelson: waiting for process ${pid}, which prepares this checkout too\n`);
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 100);
  }
}

/** What is to be done, or undefined when nothing changed since the last call. */
function due() {
  const stamp = readStamp();
  const dirs = projectDirs();
  const now = { install: installed(), sources: fingerprint(dirs) };
  const install = stamp.install !== now.install;
  const build =
    install || stamp.sources !== now.sources || !dirs.every((dir) => existsSync(path.join(root, dir, 'dist')));
  return build ? { install, dirs, now } : undefined;
}

/** Installs and builds what changed since the last call. Ends the process with 2, and says why, when that fails. */
export function prepare() {
  if (due() === undefined) return;
  lock();
  const todo = due(); // somebody else may have done it while we waited
  if (todo !== undefined) {
    if (todo.install) run('installing dependencies, once: half a minute', 'npm', ['ci', '--no-audit', '--no-fund']);
    run('building', process.execPath, [path.join(root, 'tools', 'build.mjs'), ...todo.dirs]);
    mkdirSync(path.dirname(stampFile), { recursive: true });
    writeFileSync(stampFile, JSON.stringify(todo.now));
  }
  rmSync(lockFile, { force: true });
}
