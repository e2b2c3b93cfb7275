import { stat } from 'node:fs/promises';
import path from 'node:path';
import { GitSession, localTag, Mirror, mirrorDir, openRepository, remoteTag, submoduleResolver } from '@keelson/git';
import type { RemoteHeads, Repository, SubmoduleResolver } from '@keelson/git';

/** A commit's repository, ready to be read. */
export type OpenSource = {
  session: GitSession;
  submodules: SubmoduleResolver;
  /** The tag on the commit, empty when there is none; a remote is asked for it. */
  tag: (signal: AbortSignal) => Promise<string>;
};

export type SourceAccessOptions = {
  /** Below it lie the mirrors of remote repositories. */
  mirrors: string;
  /** Below it lie, by run, the objects of working copies that were asked to be run as they stand. */
  worktrees: string;
  remote: RemoteHeads;
};

/** Where commits are read from: the watched repository itself when it is on this machine, else our mirror of it. */
export class SourceAccess {
  readonly #sessions = new Map<string, GitSession>();

  constructor(readonly options: SourceAccessOptions) {}

  /** @throws what libs/git throws when the commit cannot be had */
  async open(
    of: { run: string; source: string; ref: string; commit: string },
    signal: AbortSignal,
  ): Promise<OpenSource> {
    const isLocal = path.isAbsolute(of.source);
    const repository = isLocal
      ? await this.#local(of)
      : await this.#mirror(of.source).ensureCommit(of.commit, of.ref, signal);
    const location = isLocal
      ? { kind: 'local' as const, path: of.source }
      : { kind: 'remote' as const, url: of.source };
    const mirrors = { directory: this.options.mirrors, remote: this.options.remote };
    return {
      session: this.#session(repository),
      submodules: submoduleResolver({ repository, location, mirrors }),
      tag: (asked) =>
        isLocal
          ? localTag(repository, of.commit, asked)
          : remoteTag({ remote: this.options.remote, url: of.source }, of.commit, asked),
    };
  }

  close(): void {
    for (const session of this.#sessions.values()) session.close();
    this.#sessions.clear();
  }

  async #local({ run, source }: { run: string; source: string }): Promise<Repository> {
    const repository = await openRepository(source);
    const objects = path.join(this.options.worktrees, run, 'objects');
    const isWorktree = await stat(objects).then(
      () => true,
      () => false, // an ordinary commit
    );
    return isWorktree
      ? { ...repository, objectDirectories: [...(repository.objectDirectories ?? []), objects] }
      : repository;
  }

  #mirror(url: string): Mirror {
    return new Mirror({ directory: mirrorDir(this.options.mirrors, url), url, remote: this.options.remote });
  }

  #session(repository: Repository): GitSession {
    const key = [repository.gitDir, ...(repository.objectDirectories ?? [])].join('\n');
    const session = this.#sessions.get(key) ?? new GitSession(repository);
    this.#sessions.set(key, session);
    return session;
  }
}
