import path from 'node:path';
import { writeFileSync } from 'node:fs';
import { RemoteHeads } from '../remote-heads';
import type { RemoteHeadsOptions } from '../remote-heads';
import { GitHttpServer } from './git-http-server';
import type { GitHttpOptions } from './git-http-server';
import { copyOf, remove, runGit, temporaryDirectory, TestRepository } from './test-repository';

/** Bare repositories in a directory, the working copy that pushes to them, and what was started over them. */
export class ServedRepositories {
  readonly work: TestRepository;
  readonly #open: { stop(): Promise<unknown> }[] = [];

  private constructor(readonly root: string) {
    this.work = TestRepository.at(path.join(root, 'work'));
  }

  /** Makes `work`, `repo.git` with its branches and tag, and `empty.git`. @returns the directory, for `copy` */
  static template(): string {
    const template = temporaryDirectory();
    writeFileSync(path.join(template, 'gitconfig'), '');
    const work = TestRepository.create(path.join(template, 'work'));
    work.commit('first', { a: 'a' });
    work.git('tag', '-a', '-m', 'annotated', 'v1');
    work.git('branch', 'feature/x');
    runGit(['clone', '--quiet', '--bare', work.path, 'repo.git'], { cwd: template });
    runGit(['init', '--quiet', '--bare', 'empty.git'], { cwd: template });
    return template;
  }

  static copy(template: string): ServedRepositories {
    return new ServedRepositories(copyOf(template));
  }

  /** The user's git configuration, empty at first. */
  get gitConfig(): string {
    return path.join(this.root, 'gitconfig');
  }

  async serve(options: Partial<GitHttpOptions> = {}): Promise<GitHttpServer> {
    return this.add(await GitHttpServer.start({ root: this.root, ...options }));
  }

  remote(options: RemoteHeadsOptions = {}): RemoteHeads {
    const heads = new RemoteHeads(options);
    this.add({ stop: () => heads.close() });
    return heads;
  }

  /** Stops it when the test ends. */
  add<T extends { stop(): Promise<unknown> }>(started: T): T {
    this.#open.push(started);
    return started;
  }

  async remove(): Promise<void> {
    await Promise.all(this.#open.splice(0).map((each) => each.stop()));
    remove(this.root);
  }
}
