import { eventTypes } from '@keelson/events';
import type { Event } from '@keelson/events';
import { viewRun } from '@keelson/ledger';
import type { ChangeRecord, Ledger, RunView, ShownOutcome } from '@keelson/ledger';

/** Exit status of `--once`: all green, a run red, or an error of ours, bad usage and nothing tested. */
export type ExitStatus = 0 | 1 | 2;

/** How grave each outcome is, as an exit status. Superseded runs do not count: the newer one does. */
export function statusOf(outcome: ShownOutcome, code: string | undefined): ExitStatus {
  if (outcome === 'success') return 0;
  if (outcome === 'failure') return 1;
  return outcome === 'cancel' && code === 'superseded' ? 0 : 2;
}

/** Waits until the present head of every source is accounted for and its run has ended. */
export class Once {
  /** The runs of each source's present heads; a source that has not been looked at is not in it. */
  readonly #heads = new Map<string, readonly ChangeRecord[]>();
  readonly #ended = new Map<string, RunView>();

  /** Resolves with the exit status. */
  readonly status: Promise<ExitStatus>;
  #resolve: (status: ExitStatus) => void = () => undefined;

  constructor(
    readonly ledger: Ledger,
    readonly sources: readonly string[],
  ) {
    this.status = new Promise((resolve) => {
      this.#resolve = resolve;
    });
  }

  /** Every head of this source is recorded. */
  async looked(source: string, changes: readonly ChangeRecord[]): Promise<void> {
    this.#heads.set(source, changes);
    for (const { run } of changes) await this.#look(run);
    this.#conclude();
  }

  /** This source cannot be read, and waiting did not help: as if it had nothing to build. */
  unreadable(source: string): Promise<void> {
    return this.looked(source, []);
  }

  async event(event: Event): Promise<void> {
    if (event.type !== eventTypes.pipelineRunFinished) return;
    await this.#look(event.data.customData.run);
    this.#conclude();
  }

  /** A run that has ended for good: no further attempt is open. */
  async #look(run: string): Promise<void> {
    const view = await viewRun(this.ledger, run);
    if (view !== undefined && view.outcome !== 'running') this.#ended.set(run, view);
  }

  #conclude(): void {
    if (this.sources.some((source) => !this.#heads.has(source))) return;
    const heads = [...this.#heads.values()].flat().filter((change) => change.kind !== 'baseline');
    const ends = heads.map(({ run }) => this.#ended.get(run));
    if (ends.includes(undefined)) return;
    const statuses = ends.map((end) => statusOf(end?.outcome ?? 'error', end?.reason?.code));
    const isEmpty = [...this.#heads.values()].some((changes) => changes.length === 0);
    this.#resolve(isEmpty ? 2 : (Math.max(0, ...statuses) as ExitStatus));
  }
}
