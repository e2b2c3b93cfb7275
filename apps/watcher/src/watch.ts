import { nextPoll, RemoteBusyError, RemoteUnavailableError } from '@keelson/git';
import type { PollDecision, Source } from '@keelson/git';
import type { ChangeRecord } from '@keelson/ledger';
import type { WatcherDeps } from './deps';

/** A commit takes some writes: hints this close together are one. */
const settleMs = 2;
/** The middle of what the interval may vary by. */
const noJitter = 0.5;

/** One watched source: when to look next, and what its refs were last found at. */
export class Watch {
  #lastMs: number | undefined;
  #failures = 0;
  #retryAfterMs: number | undefined;
  /** Chosen once per look. */
  #random = 0;
  #isHinted = true;
  #timer: NodeJS.Timeout | undefined;
  #said: string | undefined;
  readonly #changes = new Map<string, ChangeRecord>();
  /** The refs of the first look. */
  #first: ReadonlySet<string> | undefined;
  #unsettled = new Set<string>();
  /** Ends the hints of the repository that was there: it cannot be read, and another one may come in its place. */
  #hints = new AbortController();
  #wasFound: () => void = () => undefined;

  constructor(
    readonly source: Source,
    readonly deps: WatcherDeps,
  ) {}

  /** The newest recorded change of a ref, as far as this process knows. */
  change = (ref: string): ChangeRecord | undefined => this.#changes.get(ref);

  /** Refs this source was last found to have, and those whose move is not told yet. */
  refs(): readonly string[] {
    const present = [...this.#changes.values()].filter((change) => change.commit !== null);
    return [...present.map(({ ref }) => ref), ...this.#unsettled];
  }

  isDue(): boolean {
    return this.#isHinted || this.#unsettled.size > 0 || this.#next().due;
  }

  /** Look at the next occasion. */
  hint(): void {
    this.#isHinted = true;
  }

  /** True until a look has ended well. */
  isFirstLook = true;

  /** A look begins: hints from now on ask for another one. */
  begin(): void {
    this.#isHinted = false;
  }

  /** A look has found these. */
  found(heads: readonly { ref: string }[]): void {
    this.#first ??= new Set(heads.map(({ ref }) => ref));
  }

  /** Whether the ref was there at the first look. */
  wasThereFirst = (ref: string): boolean => this.#first?.has(ref) === true;

  recorded(change: ChangeRecord): void {
    this.#changes.set(change.ref, change);
  }

  /** The ref is not watched any more. */
  forget(ref: string): void {
    this.#changes.delete(ref);
    this.#unsettled.delete(ref);
  }

  /** A look has ended well, with these refs still to be recorded and told. */
  succeeded(moved: readonly string[]): void {
    this.#failures = 0;
    this.isFirstLook = false;
    this.#unsettled = new Set(moved);
    this.#plan(undefined);
    this.#wasFound();
    if (moved.length === 0) this.#tell();
  }

  failed(error: unknown): void {
    this.#failures += 1;
    this.#hints.abort();
    this.#hints = new AbortController();
    this.#plan(error instanceof RemoteBusyError ? error.retryAfterMs : undefined);
    this.say(error instanceof Error ? error.message : String(error));
    const isPassing = error instanceof RemoteBusyError || error instanceof RemoteUnavailableError;
    this.deps.unreadable(this.source, this.#failures, isPassing);
  }

  /** A ref's move is recorded and told. */
  settle(ref: string): void {
    if (!this.#unsettled.delete(ref) || this.#unsettled.size > 0) return;
    if (!this.#isHinted) this.#tell(); // else the look that follows does
  }

  /** Says it once, until something else is said; undefined takes it back. */
  say(message: string | undefined): void {
    if (message !== undefined && message !== this.#said) this.deps.notice(this.source.name, message);
    this.#said = message;
  }

  /** Calls `hint` whenever it may be time to look, until the returned function is called. */
  start(hint: () => void, signal: AbortSignal): () => void {
    const wake = () => {
      clearTimeout(this.#timer);
      const waitMs = Math.max(settleMs, this.#next().at - this.deps.clock());
      // A timer may be a little early, and the clock set back a little since.
      this.#timer = setTimeout(() => (this.#next().due ? hint() : wake()), waitMs).unref();
    };
    const ended = new AbortController();
    void this.#follow(hint, AbortSignal.any([signal, ended.signal]));
    this.#wake = wake;
    wake();
    return () => {
      ended.abort();
      clearTimeout(this.#timer);
    };
  }

  #wake: () => void = () => undefined;

  async #follow(hint: () => void, signal: AbortSignal): Promise<void> {
    // A remote repository gives none, however often it is found.
    while (this.source.location.kind === 'local' && !signal.aborted) {
      for await (const _ of this.deps.heads.hints(this.source, AbortSignal.any([signal, this.#hints.signal]))) {
        this.hint();
        setTimeout(hint, settleMs).unref();
      }
      // There are none from what is not there (any more): they are asked for again once a look has found it.
      await this.#found(signal);
    }
  }

  /** Resolves when a look has found the repository, or the signal aborts. */
  #found(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const end = () => {
        signal.removeEventListener('abort', end);
        resolve();
      };
      this.#wasFound = end;
      signal.addEventListener('abort', end);
    });
  }

  #plan(retryAfterMs: number | undefined): void {
    this.#lastMs = this.deps.clock();
    this.#retryAfterMs = retryAfterMs;
    this.#random = this.deps.random();
    this.#wake();
  }

  #next(): PollDecision {
    const { clock, localIntervalMs, remoteIntervalMs } = this.deps;
    const isLocal = this.source.location.kind === 'local';
    return nextPoll({
      // To look in vain costs nobody anything on our own machine: what comes back there is seen soon.
      ...{ now: clock(), last: this.#lastMs, failures: isLocal ? 0 : this.#failures, retryAfterMs: this.#retryAfterMs },
      intervalMs: isLocal ? localIntervalMs : remoteIntervalMs,
      // Nobody is spared by looking at our own repositories one by one: together they wake us once.
      random: isLocal ? noJitter : this.#random,
    });
  }

  #tell(): void {
    this.deps.looked(
      this.source,
      [...this.#changes.values()].filter((change) => change.commit !== null),
    );
  }
}
