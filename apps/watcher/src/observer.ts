import { EventEmitter, on } from 'node:events';
import type { Event } from '@keelson/events';
import type { Observer } from '@keelson/stage';
import type { WatcherDeps } from './deps';
import { look } from './look';
import type { Move } from './look';
import { recordMove } from './record';
import { changeTold } from './tell';
import { Watch } from './watch';

/** Compares the heads of every watched source with the last ones recorded. */
export class HeadObserver implements Observer<Move> {
  readonly #watches: readonly Watch[];
  readonly #hints = new EventEmitter();

  constructor(readonly deps: WatcherDeps) {
    this.#watches = deps.sources.map((source) => new Watch(source, deps));
  }

  async list(signal: AbortSignal): Promise<readonly Move[]> {
    const due = this.#watches.filter((watch) => watch.isDue());
    const moves = await Promise.all(due.map((watch) => look(this.deps, watch, signal)));
    return moves.flat();
  }

  async *changes(signal: AbortSignal): AsyncIterable<void> {
    const hint = () => this.#hints.emit('hint');
    const stop = this.#watches.map((watch) => watch.start(hint, signal));
    try {
      for await (const _ of on(this.#hints, 'hint', { signal })) yield;
    } finally {
      for (const end of stop) end();
    }
  }

  async report(move: Move, signal: AbortSignal): Promise<readonly Event[]> {
    const changes = move.kind === 'untold' ? move.changes : await recordMove(this.deps, move, signal);
    for (const change of changes) move.watch.recorded(change);
    return changes.flatMap(changeTold);
  }

  mark(move: Move): Promise<void> {
    if (move.kind === 'untold') move.watch.hint();
    move.watch.settle(move.ref);
    return Promise.resolve();
  }
}

/** Moves of one ref are told one after the other. */
export const moveKey = ({ watch, ref }: Move): string => `${watch.source.name}^${ref}`;
