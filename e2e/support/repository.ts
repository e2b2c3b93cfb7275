import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { newDirectory } from './keelson';

/** Git without the configuration of whoever runs the tests. */
const env = {
  ...process.env,
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_CONFIG_SYSTEM: '/dev/null',
  GIT_AUTHOR_NAME: 'A',
  GIT_AUTHOR_EMAIL: 'a@keelson.invalid',
  GIT_COMMITTER_NAME: 'A',
  GIT_COMMITTER_EMAIL: 'a@keelson.invalid',
};

/** A git repository in a temporary directory, made for one test. */
export class TestRepository {
  readonly path: string;

  constructor(directory = newDirectory('repo')) {
    mkdirSync(directory, { recursive: true });
    this.path = directory;
    this.git('init', '-q', '-b', 'main');
  }

  git(...args: string[]): string {
    return execFileSync('git', args, { cwd: this.path, env, encoding: 'utf8' }).trim();
  }

  write(file: string, content: string | Buffer, mode = 0o644): void {
    const target = path.join(this.path, file);
    mkdirSync(path.dirname(target), { recursive: true });
    writeFileSync(target, content, { mode });
  }

  /** Commits everything there is. Returns the commit id. */
  commit(message = 'change'): string {
    this.git('add', '-A');
    this.git('commit', '-q', '--allow-empty', '-m', message);
    return this.git('rev-parse', 'HEAD');
  }

  /** A pipeline whose test is this shell script. */
  pipeline(script: string, more = ''): void {
    this.write('ci.sh', `#!/bin/sh\n${script}\n`, 0o755);
    this.write('.keelson.yaml', `image: { name: widget }\ntest:\n  command: ["./ci.sh"]\n${more}`);
  }
}
