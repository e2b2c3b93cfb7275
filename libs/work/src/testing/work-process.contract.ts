import type { Event } from '@keelson/events';
import type { ProcessJobs } from '@keelson/jobs';
import type { WorkDeps, WorkEvent, WorkKind } from '../work-kind';
import { WorkObserver } from '../work-observer';
import type { WorkState } from '../work-observer';

/** One process of a service: its jobs, its observer, and what ends both as a crash does. */
export class WorkProcess<E extends WorkEvent, D extends WorkDeps = WorkDeps> {
  readonly #dying = new AbortController();
  readonly #hinted: Promise<void>;
  /** What was published, in its order. */
  readonly told: Event[] = [];
  readonly observer: WorkObserver<E>;

  constructor(
    readonly deps: D,
    readonly jobs: ProcessJobs,
    readonly kind: WorkKind<E>,
  ) {
    this.observer = new WorkObserver(deps, kind);
    this.#hinted = this.#followHints();
  }

  signal = this.#dying.signal;
  list = (): Promise<readonly WorkState<E>[]> => this.observer.list();
  report = (state: WorkState<E>): Promise<readonly Event[]> => this.observer.report(state, this.signal);

  /** One look as the loop does it. */
  async pass(): Promise<readonly WorkState<E>[]> {
    return this.#work(await this.list());
  }

  async #work(states: readonly WorkState<E>[]): Promise<readonly WorkState<E>[]> {
    for (const state of states) {
      this.told.push(...(await this.report(state)));
      await this.observer.mark(state);
    }
    return states;
  }

  /** Looks until this is so. */
  async until(what: string, isSo: () => boolean | Promise<boolean>): Promise<void> {
    await until(what, async () => {
      await this.pass();
      return isSo();
    });
  }

  /** Looks as the loop does when no interval ever ends: after a hint, and after it has told something. */
  async byHints(isSo: () => Promise<boolean>): Promise<void> {
    const hints = this.observer.changes(this.signal)[Symbol.asyncIterator]();
    let hint = hints.next();
    while (!(await isSo())) {
      const before = this.told.length;
      await this.pass();
      if (this.told.length > before) continue;
      await hint;
      hint = hints.next();
    }
  }

  /** Looks until nothing is open any more. */
  idle = (): Promise<void> =>
    this.until('nothing is open', async () => (await this.deps.ledger.open(this.kind.service)).length === 0);

  /** Looks until a state of this kind is there, which it returns without reporting it. */
  async seen(kind: WorkState<E>['kind']): Promise<WorkState<E>> {
    let found: WorkState<E> | undefined;
    await until(`work is seen as ${kind}`, async () => {
      const states = await this.list();
      found = states.find((state) => state.kind === kind);
      if (found === undefined) await this.#work(states);
      return found !== undefined;
    });
    return found!;
  }

  /** As kill -9 does: the jobs' supervisors live on. */
  async die(): Promise<void> {
    this.#dying.abort(new Error('died'));
    await this.#hinted;
    await this.jobs.close({ leaveJobs: true });
  }

  async #followHints(): Promise<void> {
    for await (const _ of this.observer.changes(this.signal));
  }
}

/** Waits for a condition; the time bounds a test that is stuck, it measures nothing. */
export async function until(what: string, isSo: () => boolean | Promise<boolean>, withinMs = 60_000): Promise<void> {
  const endMs = performance.now() + withinMs;
  while (!(await isSo())) {
    if (performance.now() > endMs) throw new Error(`waited in vain until ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
