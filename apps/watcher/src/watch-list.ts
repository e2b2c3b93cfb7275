import { Watches, watchName } from '@keelson/ledger';
import type { WatchRecord } from '@keelson/ledger';
import { namedSource } from '@keelson/git';
import type { Source } from '@keelson/git';
import type { WatcherDeps } from './deps';
import { repositoryKey } from './repository-key';
import { Watch } from './watch';

/** What is watched: the sources named at the start, always; and those that the records name, as long as they do. */
export class WatchList {
  readonly #named: ReadonlyMap<string, Watch>;
  readonly #recorded = new Map<string, Watch>();
  readonly #records: Watches;
  #readMs: number | undefined;
  #isHinted = true;
  /** How to start a watch that is added, while hints are wanted. */
  #start: ((watch: Watch) => () => void) | undefined;
  readonly #stops = new Map<Watch, () => void>();

  constructor(readonly deps: WatcherDeps) {
    this.#records = new Watches(deps.ledger);
    this.#named = new Map(deps.sources.map((source) => [nameOf(source), new Watch(source, deps)]));
  }

  get all(): readonly Watch[] {
    return [...this.#named.values(), ...this.#recorded.values()];
  }

  /** Those whose repository may be one of these. */
  named(names: readonly string[]): readonly Watch[] {
    const keys = new Set(names.map(repositoryKey));
    return this.all.filter(({ source }) => keys.has(repositoryKey(source.name)));
  }

  /** Read the records at the next occasion. */
  hint(): void {
    this.#isHinted = true;
  }

  /** Brings the list up to date with the records, if it is time. @throws what the store throws */
  async update(): Promise<void> {
    if (!this.deps.isFollowingRecords || !this.#isDue()) return;
    this.#isHinted = false;
    try {
      for (const record of await this.#records.current()) this.#apply(record);
      this.#readMs = this.deps.clock();
    } catch (error) {
      this.hint();
      throw error;
    }
  }

  /** Calls `hint` whenever it may be time to look, until the returned function is called. */
  start(hint: () => void, signal: AbortSignal): () => void {
    this.#start = (watch) => watch.start(hint, signal);
    for (const watch of this.all) this.#stops.set(watch, this.#start(watch));
    const timer = setInterval(() => (this.#isDue() ? hint() : undefined), this.deps.recordsIntervalMs).unref();
    return () => {
      clearInterval(timer);
      this.#start = undefined;
      for (const stop of this.#stops.values()) stop();
      this.#stops.clear();
    };
  }

  #isDue(): boolean {
    const sinceMs = this.#readMs === undefined ? Infinity : Math.abs(this.deps.clock() - this.#readMs);
    return this.#isHinted || sinceMs >= this.deps.recordsIntervalMs;
  }

  #apply(record: WatchRecord): void {
    const name = watchName(record);
    const known = this.#recorded.get(name);
    if (record.isWatched && known === undefined && !this.#named.has(name)) this.#add(name, record);
    if (!record.isWatched && known !== undefined) this.#remove(name, known);
  }

  #add(name: string, record: WatchRecord): void {
    const watch = new Watch(namedSource(record), this.deps);
    this.#recorded.set(name, watch);
    if (this.#start !== undefined) this.#stops.set(watch, this.#start(watch));
    this.deps.notice(name, `watched, as asked for at ${record.askedAt}`);
  }

  #remove(name: string, watch: Watch): void {
    this.#recorded.delete(name);
    this.#stops.get(watch)?.();
    this.#stops.delete(watch);
    this.deps.notice(name, 'not watched any more');
  }
}

const nameOf = ({ name, pattern }: Source): string => watchName({ source: name, pattern });
