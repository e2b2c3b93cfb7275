import { ObjectProcess } from './object-process';
import { onAbort } from './on-abort';
import type { Repository } from './repository';

const defaultIdleMs = 10_000;

/**
 * Keeps one `git cat-file --batch` of a repository ready between uses, so that reading an object needs no new process.
 * It ends when idle, and never keeps the program alive. Usable after `close` too: it then keeps nothing.
 */
export class GitSession {
  #idle: ObjectProcess | undefined;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(
    readonly repository: Repository,
    private readonly options: { idleMs?: number } = {},
  ) {}

  /** Starts the process now, so that the first read finds it running. */
  warm(): void {
    if (this.#idle === undefined && !this.#closed) this.#keep(new ObjectProcess(this.repository));
  }

  /** Lends a process to `work` alone; a second caller at the same time gets another one. */
  async use<T>(work: (objects: ObjectProcess) => Promise<T>, signal?: AbortSignal): Promise<T> {
    signal?.throwIfAborted();
    const objects = this.#take();
    const off = onAbort(signal, () => objects.end(signal?.reason as Error));
    let whole = false;
    try {
      const result = await work(objects);
      whole = true;
      return result;
    } finally {
      off();
      if (whole) this.#giveBack(objects);
      else objects.end(); // it may stand in the middle of an answer
    }
  }

  /** Ends the waiting process. May be called twice. */
  close(): void {
    this.#closed = true;
    this.#forget()?.end();
  }

  #take(): ObjectProcess {
    const idle = this.#forget();
    if (idle?.usable !== true) return new ObjectProcess(this.repository);
    idle.holdProgram(true);
    return idle;
  }

  #giveBack(objects: ObjectProcess): void {
    if (this.#closed || this.#idle !== undefined || !objects.usable) objects.end();
    else this.#keep(objects);
  }

  #keep(objects: ObjectProcess): void {
    objects.holdProgram(false);
    this.#idle = objects;
    this.#timer = setTimeout(() => this.#forget()?.end(), this.options.idleMs ?? defaultIdleMs);
    this.#timer.unref();
  }

  #forget(): ObjectProcess | undefined {
    clearTimeout(this.#timer);
    const idle = this.#idle;
    this.#idle = undefined;
    return idle;
  }
}

/** What reads objects: a session that is kept, or a repository, for which one is opened and closed again. */
export type ObjectSource = Repository | GitSession;

export const repositoryOf = (source: ObjectSource): Repository =>
  source instanceof GitSession ? source.repository : source;

/** Runs `work` with a session. */
export async function withSession<T>(source: ObjectSource, work: (session: GitSession) => Promise<T>): Promise<T> {
  if (source instanceof GitSession) return work(source);
  const session = new GitSession(source);
  try {
    return await work(session);
  } finally {
    session.close();
  }
}
