import { beginKey, changeKey } from '@keelson/ledger';
import type { Ledger, OpenRecord } from '@keelson/ledger';
import type { RunData } from '@keelson/events';

/** The order in which open work is begun: priority first, then age. `opens` come oldest first. */
export function inTurn(opens: readonly OpenRecord[]): readonly OpenRecord[] {
  return opens
    .map((open, age) => ({ open, age }))
    .sort((a, b) => (b.open.priority ?? 0) - (a.open.priority ?? 0) || a.age - b.age)
    .map(({ open }) => open);
}

/** Somebody waits for what they asked for by hand: it goes before what a push started. Nobody waits for what a moved base did. */
export async function priorityOf(ledger: Ledger, run: RunData): Promise<number> {
  const begin = await ledger.read(beginKey(run.run, run.attempt));
  if (begin?.openedBy === 'command') return 1;
  const kind = (await ledger.read(changeKey(run.source, run.ref, run.sequence)))?.kind;
  if (kind === 'requested') return 1;
  return kind === 'rebuilt' ? -1 : 0;
}

/** How many jobs may begin: in all, and of each project. */
export class Places {
  readonly #limit: number;
  readonly #projectLimit: number;
  readonly #taken = new Map<string, number>();
  #all = 0;

  constructor({ limit, projectLimit }: { limit: number; projectLimit?: number }) {
    this.#limit = limit;
    this.#projectLimit = projectLimit ?? limit;
  }

  /** Counts a job that is there already, whether there was a place for it or not. */
  hold(project: string): void {
    this.#all += 1;
    this.#taken.set(project, this.#of(project) + 1);
  }

  /** Takes a place if there is one. A project that has all of its own leaves the others theirs. */
  take(project: string): boolean {
    if (this.#all >= this.#limit || this.#of(project) >= this.#projectLimit) return false;
    this.hold(project);
    return true;
  }

  #of = (project: string): number => this.#taken.get(project) ?? 0;
}
