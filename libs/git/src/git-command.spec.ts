import { chownSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { testWhere } from '@keelson/testbed';
import { git, GitError, GitMissingError, gitText, RepositoryGoneError } from './git-command';
import { openRepository, RepositoryOwnerError } from './repository';
import { copyOf, remove, temporaryDirectory, TestRepository } from './testing/test-repository';

process.env['GIT_CONFIG_GLOBAL'] = '/dev/null';

describe('git', () => {
  let template: string;
  let root: string;
  let work: TestRepository;

  beforeAll(() => {
    template = temporaryDirectory();
    TestRepository.create(path.join(template, 'work')).commit('first', { a: 'a' });
  });
  afterAll(() => remove(template));
  beforeEach(() => {
    root = copyOf(template);
    work = TestRepository.at(path.join(root, 'work'));
  });
  afterEach(() => remove(root));

  it('gives back output and exit code', async () => {
    const repository = await openRepository(work.path);
    expect(await gitText(['rev-parse', 'HEAD'], { repository })).toBe(work.head());
    expect((await git(['hash-object', '--stdin'], { input: 'a' })).stdout.toString()).toMatch(/^[0-9a-f]{40}\n$/);
    const missing = await git(['symbolic-ref', '-q', 'refs/nothing'], { repository, okExitCodes: [0, 1] });
    expect(missing.exitCode).toBe(1);
  });

  it('fails with the words of ssh too, whose lines end like a terminal wants them, and without progress', async () => {
    const says = '!printf "10%%\\r99%%\\rPermission denied (publickey).\\r\\nfatal: no\\n" >&2; exit 128';
    await expect(git(['-c', `alias.says=${says}`, 'says'])).rejects.toMatchObject({
      stderr: 'Permission denied (publickey).\nfatal: no',
    });
  });

  it('fails with the words of git, credentials hidden', async () => {
    const failed = git(['ls-remote', '--', 'foo://me:secret@example.org/x']);
    await expect(failed).rejects.toMatchObject({ code: 'git', exitCode: 128 });
    await expect(failed).rejects.toThrow(/foo/);
    const error = await failed.catch((reason: unknown) => reason as GitError);
    expect(`${String(error)} ${(error as GitError).stderr}`).not.toContain('secret');
  });

  it('allows no transport that runs commands or reads files', async () => {
    await expect(git(['ls-remote', '--', `ext::sh -c 'touch ${root}/ran'`])).rejects.toThrow(/not allowed/);
    await expect(git(['ls-remote', '--', `file://${work.path}`])).rejects.toThrow(/not allowed/);
    expect(existsSync(path.join(root, 'ran'))).toBe(false);
  });

  it('runs no program that a repository names', async () => {
    const trap = path.join(root, 'trap');
    writeFileSync(trap, `#!/bin/sh\necho "$0 $@" >> ${root}/ran\n`, { mode: 0o755 });
    work.git('config', 'core.fsmonitor', trap);
    work.git('config', 'core.hooksPath', root);
    work.git('config', 'log.showSignature', 'true');
    work.git('config', 'gpg.program', trap);
    writeFileSync(path.join(root, 'post-index-change'), `#!/bin/sh\ntouch ${root}/ran\n`, { mode: 0o755 });
    const repository = await openRepository(work.path);
    await git(['status', '--porcelain'], { repository, cwd: work.path });
    await git(['read-tree', 'HEAD'], { repository, cwd: work.path });
    await git(['log', '-1'], { repository });
    expect(existsSync(path.join(root, 'ran'))).toBe(false);
  });

  it('does not listen to the variables of another repository', async () => {
    const other = TestRepository.create(path.join(root, 'other'));
    process.env['GIT_DIR'] = path.join(other.path, '.git');
    try {
      expect((await openRepository(work.path)).workTree).toBe(work.path);
    } finally {
      delete process.env['GIT_DIR'];
    }
  });

  it('ends what prints too much', async () => {
    work.commit('large', { large: Buffer.alloc(1_000_000) });
    const repository = await openRepository(work.path);
    await expect(git(['cat-file', 'blob', 'HEAD:large'], { repository, maxBytes: 1000 })).rejects.toThrow(
      /more than 1000/,
    );
  });

  it('ends when the signal aborts, with the reason', async () => {
    const controller = new AbortController();
    const waiting = git(['cat-file', '--batch'], {
      repository: await openRepository(work.path),
      signal: controller.signal,
      input: new Uint8Array(0),
    });
    controller.abort(new Error('enough'));
    await expect(waiting).rejects.toThrow('enough');
    await expect(git(['version'], { signal: controller.signal })).rejects.toThrow('enough');
  });

  it('tells a repository that disappeared from other failures', async () => {
    const repository = await openRepository(work.path);
    remove(work.path);
    await expect(git(['rev-parse', 'HEAD'], { repository })).rejects.toBeInstanceOf(RepositoryGoneError);
  });

  it('says that git is not installed', async () => {
    const before = process.env['PATH'];
    process.env['PATH'] = root;
    try {
      await expect(git(['version'])).rejects.toBeInstanceOf(GitMissingError);
    } finally {
      process.env['PATH'] = before;
    }
  });

  const asRoot = testWhere(process.getuid?.() === 0 ? undefined : 'another owner needs root');
  asRoot('does not trust a repository of another user, and says how to', async () => {
    chownSync(work.path, 65_534, 65_534);
    chownSync(path.join(work.path, '.git'), 65_534, 65_534);
    const opened = openRepository(work.path);
    await expect(opened).rejects.toBeInstanceOf(RepositoryOwnerError);
    await expect(opened).rejects.toThrow(`git config --global --add safe.directory ${work.path}`);
    const config = path.join(root, 'config');
    writeFileSync(config, `[safe]\n\tdirectory = ${work.path}\n`);
    process.env['GIT_CONFIG_GLOBAL'] = config;
    try {
      expect((await openRepository(work.path)).workTree).toBe(work.path);
    } finally {
      process.env['GIT_CONFIG_GLOBAL'] = '/dev/null';
    }
    expect(readFileSync(config, 'utf8')).toContain('safe');
  });
});
