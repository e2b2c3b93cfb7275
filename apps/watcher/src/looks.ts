import { setTimeout as sleep } from 'node:timers/promises';
import type { WatcherDeps } from './deps';
import { look } from './look';
import type { Move } from './look';
import type { Watch } from './watch';

/** Looks at sources, one look at a time at each. A slow one holds up nobody: what it finds is told when it has ended. */
export class Looks {
  readonly #looking = new Set<Watch>();
  #found: Move[] = [];
  #failure: { error: unknown } | undefined;

  constructor(
    readonly deps: WatcherDeps,
    /** Called when a look has ended that nobody waits for any more. */
    readonly onLate: () => void,
  ) {}

  /** Looks at these, and returns what was found, also by earlier looks. @throws what one of them threw */
  async at(watches: readonly Watch[], signal: AbortSignal): Promise<readonly Move[]> {
    const waiting = { isOver: false };
    const begun = watches
      .filter((watch) => !this.#looking.has(watch))
      .map(async (watch) => {
        await this.#look(watch, signal);
        if (waiting.isOver) this.onLate();
      });
    await atMost(this.deps.lookPatienceMs ?? 3_000, Promise.all(begun));
    waiting.isOver = true;
    const [found, failure] = [this.#found, this.#failure];
    this.#failure = undefined;
    if (failure !== undefined) throw failure.error;
    this.#found = [];
    return found;
  }

  /** Never rejects: it may end when nobody listens. */
  async #look(watch: Watch, signal: AbortSignal): Promise<void> {
    this.#looking.add(watch);
    try {
      this.#found.push(...(await look(this.deps, watch, signal)));
    } catch (error) {
      if (!signal.aborted) this.#failure ??= { error };
    } finally {
      this.#looking.delete(watch);
    }
  }
}

async function atMost(afterMs: number, work: Promise<unknown>): Promise<void> {
  const over = new AbortController();
  await Promise.race([work, sleep(afterMs, undefined, { signal: over.signal }).catch(() => undefined)]);
  over.abort();
}
