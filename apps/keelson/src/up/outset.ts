import type { Source } from '@keelson/git';
import { viewRun } from '@keelson/ledger';
import type { ChangeRecord, Ledger, RunView } from '@keelson/ledger';
import { shortRef } from '../report/short-ref';
import type { Telling } from './telling';

/** More heads than this are told as numbers. */
const fewHeads = 5;

/** Says at the first look at each source what of it was accounted for before this process began: no event will tell. */
export class Outset {
  readonly #told = new Set<Source>();
  readonly #begunMs = Date.now();

  constructor(
    readonly ledger: Ledger,
    readonly telling: Telling,
    readonly options: { isOnce: boolean },
  ) {}

  /** Every head of this source is recorded and told. */
  async looked(source: Source, changes: readonly ChangeRecord[]): Promise<void> {
    if (this.#told.has(source) || changes.length === 0) return;
    this.#told.add(source);
    const ended = (await Promise.all(changes.map(({ run }) => viewRun(this.ledger, run)))).filter((view) =>
      this.#endedBefore(view),
    );
    for (const view of ended.length <= fewHeads ? ended : []) {
      const why = view.reason === undefined ? '' : `: ${view.reason.message}`;
      const what = `${shortRef(view.ref)} ${view.commit.slice(0, 12)} has its verdict already: ${view.outcome}${why}`;
      await this.telling.say(view.name, what);
    }
    if (ended.length > fewHeads) await this.telling.say(source.name, `${counted(ended)} have their verdict already`);
    const waiting = ended.length + changes.filter(({ kind }) => kind === 'baseline').length;
    if (waiting === changes.length && !this.options.isOnce)
      await this.telling.say(source.name, 'waiting for the next commit');
  }

  #endedBefore(view: RunView | undefined): view is RunView {
    if (view === undefined || view.outcome === 'running') return false;
    return Date.parse(view.attempts.at(-1)?.endedAt ?? '') < this.#begunMs;
  }
}

/** `3 heads (2 success, 1 failure)` */
function counted(views: readonly RunView[]): string {
  const outcomes = [...new Set(views.map(({ outcome }) => outcome))];
  const each = outcomes.map((outcome) => `${views.filter((view) => view.outcome === outcome).length} ${outcome}`);
  return `${views.length} heads (${each.join(', ')})`;
}
