import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { ByteReader } from './byte-reader';
import { GitError, GitMissingError, RepositoryGoneError } from './git-command';
import { killGit, startGit } from './git-process';
import { maskCredentials } from './mask';
import type { Repository } from './repository';

/** What git says of an object before its content. */
export type ObjectHeader = { id: string; type: 'commit' | 'tree' | 'blob' | 'tag'; sizeBytes: number };

const headerLimit = 65_536;

/**
 * One `git cat-file --batch`: asked for many objects in a row, it answers in the same order. Ask ahead for speed; after each
 * header the content must be read to its end (`content` or `chunks`) before the next header.
 */
export class ObjectProcess {
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #reader: ByteReader;
  #stderr = '';
  readonly #closed: Promise<void>;
  #missingGit: Error | undefined;
  #broken = false;
  #endedBecause: Error | undefined;

  constructor(private readonly repository: Repository) {
    this.#child = startGit(['cat-file', '--batch'], { repository });
    this.#reader = new ByteReader(this.#child.stdout);
    this.#child.stderr.on('data', (chunk: Buffer) => {
      this.#stderr = (this.#stderr + chunk.toString('utf8')).slice(-4096);
    });
    this.#child.once('error', (cause) => {
      this.#missingGit = new GitMissingError(cause);
      this.#broken = true;
      this.#reader.fail(this.#missingGit);
    });
    this.#closed = new Promise((resolve) => this.#child.once('close', () => resolve()));
    void this.#closed.then(() => (this.#broken = true));
  }

  /** False when it was ended, or stands in the middle of an answer. */
  get usable(): boolean {
    return !this.#broken;
  }

  /** Asks for objects by id or any other name git knows; names hold no line end. */
  ask(names: readonly string[]): void {
    this.#child.stdin.write(names.map((name) => `${name}\n`).join(''));
  }

  /** The next answer's header; undefined when there is no such object. */
  async header(): Promise<ObjectHeader | undefined> {
    const line = await this.#read(() => this.#reader.line(headerLimit));
    if (line === undefined) throw await this.#whyEnded();
    const match = /^([0-9a-f]{40,64}) (commit|tree|blob|tag) (\d+)$/.exec(line);
    if (match === null) return undefined; // "<name> missing", "<name> ambiguous"
    return { id: match[1] ?? '', type: match[2] as ObjectHeader['type'], sizeBytes: Number(match[3]) };
  }

  /** The whole content. */
  async content(header: ObjectHeader): Promise<Buffer> {
    const bytes = await this.#read(() => this.#reader.take(header.sizeBytes + 1));
    return bytes.subarray(0, header.sizeBytes);
  }

  /** The content in pieces, for what is too large to hold. */
  async *chunks(header: ObjectHeader): AsyncIterable<Buffer> {
    for (let left = header.sizeBytes; left > 0;) {
      const chunk = await this.#read(() => this.#reader.some(left));
      left -= chunk.length;
      yield chunk;
    }
    await this.#read(() => this.#reader.take(1));
  }

  /** Lets the program end although this process is waiting, or not. */
  holdProgram(hold: boolean): void {
    for (const handle of [this.#child, this.#child.stdin, this.#child.stdout, this.#child.stderr] as Unrefable[]) {
      if (hold) handle.ref?.();
      else handle.unref?.();
    }
  }

  /** Ends the process; pending and later reads fail with the reason. */
  end(reason: Error = new Error('no longer needed')): void {
    this.#broken = true;
    this.#endedBecause ??= reason;
    this.#reader.fail(reason);
    killGit(this.#child, 'SIGTERM');
  }

  async #read<T>(read: () => Promise<T>): Promise<T> {
    try {
      return await read();
    } catch (cause) {
      throw await this.#whyEnded(cause);
    }
  }

  /** Our own reason, or what git said last. */
  async #whyEnded(cause?: unknown): Promise<Error> {
    const known = this.#endedBecause ?? this.#missingGit;
    if (known !== undefined) return known;
    this.end();
    await this.#closed;
    const stderr = maskCredentials(this.#stderr).trim();
    const exitCode = this.#child.exitCode ?? undefined;
    const Kind = /not a git repository/.test(stderr) ? RepositoryGoneError : GitError;
    return new Kind(`git cat-file in ${this.repository.gitDir}: ${stderr || 'ended early'}`, {
      exitCode,
      stderr,
      cause,
    });
  }
}

type Unrefable = { ref?: () => void; unref?: () => void };
