import {
  commitsBetween,
  localHeads,
  Mirror,
  openRepository,
  reflogBetween,
  selectHeads,
  watchLocal,
} from '@keelson/git';
import type { Head, RemoteHeads, Repository, Source } from '@keelson/git';

/** The heads of a source that match its pattern. `missing` says in a sentence why there are none. */
export type FoundHeads = { heads: readonly Head[]; missing?: string };

/** The commits that came with a move, oldest first, without the new head itself. */
export type History = { between: string[]; isForced: boolean };

/** A move of a ref, by the commits it had before and has now. */
export type Step = { ref: string; from: string; to: string };

/** A move, and when the ref was last seen to be at `from`, milliseconds since the epoch. */
export type SeenStep = Step & { fromSeenAtMs: number };

/** More commits than this in one move are counted, but not all named. */
const historyLimit = 100_000;

/** Refs and histories of watched sources, local and remote. */
export class Heads {
  readonly #opened = new Map<string, Promise<Repository>>();

  constructor(
    readonly remotes: RemoteHeads,
    readonly mirrorOf: (url: string) => Mirror,
    readonly warn: (message: string) => void,
  ) {}

  /** What the source's pattern names now. @throws what libs/git throws for a repository that cannot be read */
  async list({ location, pattern }: Source, signal: AbortSignal): Promise<FoundHeads> {
    const found =
      location.kind === 'local'
        ? await this.#local(location.path, pattern, signal)
        : await this.#remote(location.url, pattern, signal);
    return found.absence === undefined
      ? { heads: found.heads }
      : { heads: found.heads, missing: `waiting: ${found.absence.message}` };
  }

  /** Hints that a local source may have moved; nothing for remote ones, nor for one that cannot be watched. */
  async *hints({ location }: Source, signal: AbortSignal): AsyncIterable<void> {
    if (location.kind !== 'local') return;
    const repository = await this.#open(location.path).catch(() => undefined); // the look says why
    if (repository !== undefined) yield* watchLocal(repository, signal, { onWarning: (message) => this.warn(message) });
  }

  /** What a move brought. */
  async history(source: Source, { ref, from, to }: Step, signal: AbortSignal): Promise<History> {
    const repository = await this.#withHistory(source, { ref, from, to }, signal);
    const range = await commitsBetween(repository, { from, to, limit: historyLimit, signal });
    // Where the old head is gone for good (forced, and pruned), the range is the whole history: nobody saw that arrive.
    const between = range.fromKnown ? range.commits.filter((commit) => commit !== to) : [];
    return { between, isForced: range.forced || !range.fromKnown };
  }

  /** Values the ref had in between and that no later one contains, oldest first: pushed, and forced away unseen. */
  async leftBehind(source: Source, step: SeenStep, signal: AbortSignal): Promise<readonly string[]> {
    if (source.location.kind !== 'local') return [];
    const repository = await this.#open(source.location.path);
    const left: string[] = [];
    for (const value of [...(await reflogBetween(repository, { ...step, signal }))].reverse()) {
      const isKept = await this.#isContained(repository, { value, in: [step.to, ...left], signal });
      if (!isKept) left.push(value);
    }
    return left.reverse();
  }

  async #isContained(
    repository: Repository,
    { value, in: heads, signal }: { value: string; in: readonly string[]; signal: AbortSignal },
  ): Promise<boolean> {
    for (const to of heads) {
      if (!(await commitsBetween(repository, { from: value, to, limit: 1, signal })).forced) return true;
    }
    return false;
  }

  async #withHistory(source: Source, step: Step, signal: AbortSignal): Promise<Repository> {
    if (source.location.kind === 'local') return this.#open(source.location.path);
    return this.mirrorOf(source.location.url).ensureHistory({ ...step, limit: historyLimit }, signal);
  }

  async #remote(url: string, pattern: string | undefined, signal: AbortSignal) {
    return selectHeads(await this.remotes.heads(url, [pattern], signal), pattern);
  }

  async #local(path: string, pattern: string | undefined, signal: AbortSignal) {
    const isKnown = this.#opened.has(path);
    try {
      return await localHeads(await this.#open(path), pattern, signal);
    } catch (error) {
      this.#opened.delete(path);
      if (!isKnown || signal.aborted) throw error;
      // Another one may be in its place by now; if there is none, this says so in plain words.
      return localHeads(await this.#open(path), pattern, signal);
    }
  }

  #open(path: string): Promise<Repository> {
    const opened = this.#opened.get(path) ?? openRepository(path);
    this.#opened.set(path, opened);
    opened.catch(() => this.#opened.delete(path)); // gone now; it may come back
    return opened;
  }
}
