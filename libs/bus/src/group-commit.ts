import { BusUnavailableError } from './bus';
import type { RootDatabase } from 'lmdb';

/** What happens around the works of every transaction; `T` is made anew for each. */
export type TransactionFrame<T> = {
  begin(): T;
  /** In the transaction, after its works. */
  finish(transaction: T): void;
  /** After the disk has it, before its callers hear of it. Must not throw. */
  committed(transaction: T): void;
  /** Nothing of it is stored; its callers hear of it by themselves. Must not throw. */
  failed(error: unknown): void;
};

type Pending<T> = {
  work: (transaction: T) => unknown;
  resolve: (value: never) => void;
  reject: (error: unknown) => void;
};

const groupAtMost = 1_000;

/**
 * Runs everything that was asked for in one turn of the event loop as one durable transaction, one flush to disk.
 *
 * The transaction is synchronous although LMDB's binding has asynchronous ones: when the disk is full those leave a rejection
 * that nobody can catch and promises that never settle, and they take longer besides.
 */
export class GroupCommit<T> {
  readonly #root: RootDatabase<string, string>;
  readonly #frame: TransactionFrame<T>;
  #pending: Pending<T>[] = [];
  #closed = false;
  #scheduled: NodeJS.Immediate | undefined;

  constructor(root: RootDatabase<string, string>, frame: TransactionFrame<T>) {
    this.#root = root;
    this.#frame = frame;
  }

  /** Resolves with what `work` returned once it is on disk; rejects, with nothing of it stored, when it is not. */
  run<R>(work: (transaction: T) => R): Promise<R> {
    if (this.#closed) return Promise.reject(new BusUnavailableError('the bus is closed'));
    return new Promise<R>((resolve, reject) => {
      this.#pending.push({ work, resolve, reject });
      this.#scheduled ??= setImmediate(() => this.flush());
    });
  }

  /** Commits what is pending and takes no more. */
  close(): void {
    this.#closed = true;
    while (this.#pending.length > 0) this.flush();
  }

  /** Commits what is pending now, without waiting for the turn's end. */
  flush(): void {
    if (this.#scheduled) clearImmediate(this.#scheduled);
    this.#scheduled = undefined;
    const group = this.#pending.splice(0, groupAtMost);
    if (this.#pending.length > 0) this.#scheduled = setImmediate(() => this.flush());
    if (group.length === 0) return;
    const fault = this.#commit(group);
    if (!fault) return;
    // What is too large for the disk must not take its neighbours with it: each is tried by itself.
    for (const one of group) {
      const own = group.length === 1 ? fault : this.#commit([one]);
      if (own) one.reject(own.error);
    }
  }

  #commit(group: readonly Pending<T>[]): { error: unknown } | undefined {
    const transaction = this.#frame.begin();
    const results: unknown[] = [];
    try {
      this.#root.transactionSync(() => {
        for (const { work } of group) results.push(work(transaction));
        this.#frame.finish(transaction);
      });
    } catch (error) {
      this.#frame.failed(error);
      return { error };
    }
    this.#frame.committed(transaction);
    group.forEach(({ resolve }, index) => resolve(results[index] as never));
    return undefined;
  }
}
