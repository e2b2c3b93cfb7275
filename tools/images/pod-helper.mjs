// The pod helper as a git tree: one static program, of which an image is made that holds nothing else.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { root } from '../prepare.mjs';
import { runGit } from './file-tree.mjs';

/** Where it lies in its image, as pods call it. */
const name = 'keelson-pod';

/** Compiles it and returns the id of its tree; undefined where there is no Go. The same sources make the same bytes. @param gitDir of a bare repository */
export function storeHelper(gitDir) {
  if (spawnSync('go', ['version']).error !== undefined) return undefined;
  const directory = mkdtempSync(path.join(tmpdir(), 'keelson-pod-'));
  try {
    const program = path.join(directory, name);
    const args = ['build', '-trimpath', '-buildvcs=false', '-ldflags=-s -w -buildid=', '-o', program, '.'];
    const env = { ...process.env, CGO_ENABLED: '0', GOOS: 'linux', GOFLAGS: '' };
    const done = spawnSync('go', args, { cwd: path.join(root, 'libs/jobs/pod'), encoding: 'utf8', env });
    if (done.status !== 0) throw new Error(`the pod helper does not compile: ${done.stderr}`);
    const id = runGit(gitDir, ['hash-object', '-w', '--no-filters', program]).trim();
    return runGit(gitDir, ['mktree'], `100755 blob ${id}\t${name}\n`).trim();
  } finally {
    rmSync(directory, { recursive: true });
  }
}
