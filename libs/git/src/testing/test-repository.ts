import { spawnSync } from 'node:child_process';
import { chmodSync, cpSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { gitEnvironment } from '../config';

/** Nothing beside what was asked for: no sample hooks, no maintenance in the background. */
const settings = ['init.defaultBranch=main', 'init.templateDir=', 'maintenance.auto=false', 'gc.auto=0'].flatMap(
  (setting) => ['-c', setting],
);

const identity = {
  GIT_AUTHOR_NAME: 'A U Thor',
  GIT_AUTHOR_EMAIL: 'author@example.org',
  GIT_AUTHOR_DATE: '1700000000 +0000',
  GIT_COMMITTER_NAME: 'C O Mitter',
  GIT_COMMITTER_EMAIL: 'committer@example.org',
  GIT_COMMITTER_DATE: '1700000060 +0000',
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_ALLOW_PROTOCOL: 'file:https:http:ssh:git',
};

/** A temporary directory, real path. */
export const temporaryDirectory = (): string => realpathSync(mkdtempSync(path.join(tmpdir(), 'keelson-git-test-')));

/** A copy of a directory that was prepared once: cheaper than to prepare it for every test. */
export function copyOf(template: string): string {
  const copy = temporaryDirectory();
  cpSync(template, copy, { recursive: true, preserveTimestamps: true, verbatimSymlinks: true });
  return copy;
}

export const remove = (directory: string): void => rmSync(directory, { recursive: true, force: true });

export type RunOptions = { cwd: string; input?: string | Buffer; env?: Readonly<Record<string, string>> };

/** Runs git as a test's user would. @returns standard output without the last line end @throws when it fails */
export function runGit(args: readonly string[], { cwd, input, env = {} }: RunOptions): string {
  const done = spawnSync('git', [...settings, ...args], {
    cwd,
    env: gitEnvironment({ ...identity, ...env }),
    input: input ?? '',
    maxBuffer: 268_435_456,
  });
  if (done.status !== 0) throw new Error(`git ${args.join(' ')}: ${String(done.stderr)}`);
  return done.stdout.toString('latin1').replace(/\n$/, '');
}

/** What a file of a test repository is: text or bytes, executable, or a link. */
export type TestFile = string | Buffer | { executable: string } | { link: string };

/** A real repository with a working copy. */
export class TestRepository {
  private constructor(readonly path: string) {}

  static create(directory: string, options: { bare?: boolean } = {}): TestRepository {
    mkdirSync(directory, { recursive: true });
    runGit(['init', '--quiet', ...(options.bare === true ? ['--bare'] : [])], { cwd: directory });
    return new TestRepository(realpathSync(directory));
  }

  /** A handle on a repository that is there. */
  static at(directory: string): TestRepository {
    return new TestRepository(realpathSync(directory));
  }

  git(...args: readonly string[]): string {
    return runGit(args, { cwd: this.path });
  }

  gitWith(args: readonly string[], options: Omit<RunOptions, 'cwd'>): string {
    return runGit(args, { cwd: this.path, ...options });
  }

  write(files: Readonly<Record<string, TestFile>>): void {
    for (const [name, content] of Object.entries(files)) {
      const file = path.join(this.path, name);
      mkdirSync(path.dirname(file), { recursive: true });
      rmSync(file, { force: true, recursive: true });
      if (typeof content === 'string' || Buffer.isBuffer(content)) writeFileSync(file, content);
      else if ('link' in content) symlinkSync(content.link, file);
      else {
        writeFileSync(file, content.executable);
        chmodSync(file, 0o755);
      }
    }
  }

  /** Writes, adds and commits everything. @returns the commit */
  commit(message: string, files: Readonly<Record<string, TestFile>> = {}): string {
    this.write(files);
    this.git('add', '--all');
    this.git('commit', '--quiet', '--allow-empty', '-m', message);
    return this.head();
  }

  head(ref = 'HEAD'): string {
    return this.git('rev-parse', ref);
  }

  /** Stores an object as it is, however malformed. @returns its id */
  object(type: 'tree' | 'blob', content: Buffer): string {
    return this.gitWith(['hash-object', '-w', '-t', type, '--literally', '--stdin'], { input: content });
  }

  /** Stores a tree with these entries, however hostile. @returns its id */
  tree(entries: readonly { mode: string; name: string | Buffer; id: string }[]): string {
    const parts = entries.flatMap(({ mode, name, id }) => [
      Buffer.from(`${mode} `),
      Buffer.from(name),
      Buffer.from([0]),
      Buffer.from(id, 'hex'),
    ]);
    return this.object('tree', Buffer.concat(parts));
  }
}
