import { EventEmitter, on } from 'node:events';
import type { Event } from '@keelson/events';
import type { ChangeRecord } from '@keelson/ledger';
import type { Observer } from '@keelson/stage';
import type { WatcherDeps } from './deps';
import type { Move } from './look';
import { Looks } from './looks';
import { recordMove } from './record';
import { changeTold } from './tell';
import { untoldKey } from './untold';
import { WatchList } from './watch-list';
import type { Watch } from './watch';

/** Compares the heads of every watched source with the last ones recorded. */
export class HeadObserver implements Observer<Move> {
  readonly #watches: WatchList;
  readonly #looks: Looks;
  readonly #hints = new EventEmitter();
  /** What was reported of a move, until it is published: only then is a ref known to be there. */
  readonly #reported = new WeakMap<Move, readonly ChangeRecord[]>();

  constructor(readonly deps: WatcherDeps) {
    this.#watches = new WatchList(deps);
    this.#looks = new Looks(deps, () => this.#hints.emit('hint'));
  }

  async list(signal: AbortSignal): Promise<readonly Move[]> {
    await this.#watches.update();
    return this.#looks.at(
      this.#watches.all.filter((watch) => watch.isDue()),
      signal,
    );
  }

  async *changes(signal: AbortSignal): AsyncIterable<void> {
    const hint = () => this.#hints.emit('hint');
    const stop = this.#watches.start(hint, signal);
    try {
      for await (const _ of on(this.#hints, 'hint', { signal })) yield;
    } finally {
      stop();
    }
  }

  async report(move: Move, signal: AbortSignal): Promise<readonly Event[]> {
    if (isTold(move)) return [];
    const changes = move.kind === 'untold' ? move.changes : await recordMove(this.deps, move, signal);
    this.#reported.set(move, changes);
    return changes.flatMap(changeTold);
  }

  async mark(move: Move): Promise<void> {
    const changes = this.#reported.get(move) ?? [];
    for (const change of changes) if (change.commit === null) await this.deps.ledger.close(untoldKey(change));
    for (const change of changes) move.watch.recorded(change);
    // What was told is what was recorded before, by us or another watcher: the ref may be further now.
    if (move.kind === 'untold' || changes.at(-1)?.commit !== move.commit) this.#lookAgain(move.watch);
    move.watch.settle(move.ref);
  }

  /** What is to be watched has been recorded anew. */
  recorded(): void {
    this.#watches.hint();
    this.#hints.emit('hint');
  }

  /** Somebody says that a repository of one of these names has changed. Returns how many watched sources that may be. */
  hint(names: readonly string[]): number {
    const meant = this.#watches.named(names);
    for (const watch of meant) watch.hint();
    if (meant.length > 0) this.#hints.emit('hint');
    return meant.length;
  }

  #lookAgain(watch: Watch): void {
    watch.hint();
    this.#hints.emit('hint');
  }
}

/** A look that began before an earlier one's move was told has found it once more. */
function isTold(move: Move): boolean {
  const known = move.watch.change(move.ref)?.sequence;
  if (move.kind === 'moved') return known !== move.previous?.sequence;
  return known !== undefined && move.changes.every(({ sequence }) => sequence <= known);
}

/** Moves of one ref are told one after the other. */
export const moveKey = ({ watch, ref }: Move): string => `${watch.source.name}^${ref}`;
