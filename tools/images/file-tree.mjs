// Files as a git tree in a repository of their own: what Keelson makes layers of.
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { root } from '../prepare.mjs';
import { kindOf } from './image-files.mjs';

/** Stores the files, as they are, and returns the id of their tree. @param gitDir of a bare repository */
export function storeTree(gitDir, files) {
  const git = (args, input) => runGit(gitDir, args, input);
  const kinds = files.map((file) => ({ file, ...kindOf(file) }));
  const plain = kinds.filter(({ target }) => target === undefined);
  const ids = git(
    ['hash-object', '-w', '--no-filters', '--stdin-paths'],
    plain.map(({ file }) => `${file}\n`).join(''),
  );
  const idOf = new Map(
    ids
      .trimEnd()
      .split('\n')
      .map((id, at) => [plain[at]?.file, id]),
  );
  const entries = kinds.map(({ file, mode, target }) => {
    const id = target === undefined ? idOf.get(file) : git(['hash-object', '-w', '--stdin'], target).trim();
    return `${mode} ${id}\t${file}\0`;
  });
  git(['read-tree', '--empty']);
  git(['update-index', '-z', '--index-info'], entries.join(''));
  return git(['write-tree']).trim();
}

export function runGit(gitDir, args, input) {
  const done = spawnSync('git', args, {
    cwd: root,
    input: input ?? '',
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
    env: { ...process.env, GIT_DIR: gitDir, GIT_INDEX_FILE: path.join(gitDir, 'index') },
  });
  if (done.status !== 0) throw new Error(`git ${args[0]} failed: ${done.stderr || String(done.error)}`);
  return done.stdout;
}
