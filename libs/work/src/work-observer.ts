import { EventEmitter, on } from 'node:events';
import { workKeyText } from '@keelson/events';
import type { Event, Reason, WorkKey } from '@keelson/events';
import type { JobEnd, JobState } from '@keelson/jobs';
import { openKey, stageEndedKey, stageStartedKey } from '@keelson/ledger';
import type { OpenRecord } from '@keelson/ledger';
import type { Observer } from '@keelson/stage';
import { BeginHints } from './begin-hints';
import { Begins } from './begins';
import { conclude } from './conclude';
import { isDue, nextDueMs } from './due';
import { Followers } from './followers';
import { Looks } from './looks';
import { Starts } from './starts';
import { stopReason } from './stop-reason';
import { inTurn, Places } from './turn';
import { instant } from './work-kind';
import type { Kept, OpenWork, WorkDeps, WorkEvent, WorkKind, Workplace } from './work-kind';

/** One piece of open work: what it waits for, or what became of it. */
export type WorkState<E extends WorkEvent> = OpenWork<E> &
  (
    | { kind: 'start'; job: JobState | undefined }
    | { kind: 'follow'; job: JobState }
    | { kind: 'ended'; job: JobState; kept: Kept }
    | { kind: 'stopped'; job: JobState | undefined; kept: Kept | undefined; reason: Reason }
    | { kind: 'told' }
  );

/** Starts open work in its turn up to the limits, follows it, and tells how it ended. Runs in the service's leader. */
export class WorkObserver<E extends WorkEvent> implements Observer<WorkState<E>> {
  readonly #place: Workplace<E>;
  readonly #followers: Followers;
  readonly #starts: Starts<E>;
  readonly #begins = new Begins();
  readonly #hints = new EventEmitter();
  readonly #hint = (): void => void this.#hints.emit('hint');
  /** That some work waits for a place. */
  #isCrowded = false;
  /** While somebody takes hints. */
  #beginHints: BeginHints | undefined;
  readonly #looks = new Looks();
  /** Hints when the next waiting attempt may begin, or what was passed over is to be looked at. */
  #due: NodeJS.Timeout | undefined;

  constructor(
    readonly deps: WorkDeps,
    readonly kind: WorkKind<E>,
  ) {
    this.#place = { deps, kind };
    const hintIfCrowded = (): void => (this.#isCrowded ? this.#hint() : undefined);
    this.#followers = new Followers(deps, { outputEnded: hintIfCrowded, kept: this.#hint });
    this.#starts = new Starts(this.#place);
  }

  async list(): Promise<readonly WorkState<E>[]> {
    const [listed, opens] = await Promise.all([this.deps.jobs.list(), this.deps.ledger.open(this.kind.service)]);
    const jobs = new Map(listed.map((job) => [job.name, job]));
    const works = inTurn(opens).map((open) => this.#openWork(open));
    const worthALook = this.#worthALook(works, jobs);
    const looked = await Promise.all(worthALook.map((work) => this.#look(work, jobs.get(work.name))));
    const states = looked.filter((state) => state !== undefined);
    this.#beginHints?.await(works.some(({ name }) => this.#isAwaited(name, jobs.get(name))));
    const places = this.#places(works, jobs);
    return states.filter((state) => state.kind !== 'start' || state.job !== undefined || places.take(projectOf(state)));
  }

  /** What may begin or has something to be told; of all else only what was not looked at a moment ago. */
  #worthALook(works: readonly OpenWork<E>[], jobs: ReadonlyMap<string, JobState>): readonly OpenWork<E>[] {
    const nowMs = this.deps.clock();
    const places = this.#places(works, jobs);
    const isWaiting = ({ name }: OpenWork<E>) => !jobs.has(name) && !this.#isAwaited(name, undefined);
    const isNext = (work: OpenWork<E>) => isWaiting(work) && isDue(work.open, nowMs);
    this.#isCrowded = false;
    const mayBegin = (work: OpenWork<E>) => {
      if (!isNext(work)) return false;
      const hasPlace = places.take(projectOf(work));
      this.#isCrowded ||= !hasPlace;
      return hasPlace;
    };
    const known = ({ name }: OpenWork<E>) => ({ name, hasJob: jobs.has(name) });
    const [looked, passedOver]: [OpenWork<E>[], OpenWork<E>[]] = [[], []];
    for (const work of works) {
      const hasNews = this.#hasNews(work, jobs.get(work.name)) || mayBegin(work);
      (hasNews || !this.#looks.isRecent(known(work), nowMs) ? looked : passedOver).push(work);
    }
    const againMs = this.#looks.note({ looked: looked.map(known), passedOver: passedOver.map(known) }, nowMs);
    const dueMs = nextDueMs(works.map(({ open }) => open), nowMs); // prettier-ignore
    this.#hintLater(againMs, dueMs);
    return looked;
  }

  #hasNews({ name }: OpenWork<E>, job: JobState | undefined): boolean {
    if (job === undefined) return false;
    if (!this.#followers.isFollowing(name)) return true;
    return job.startedAtMs !== undefined && !this.#begins.isTold(name);
  }

  /** A job that has not ended has a place, also one that waits for its machine. */
  #places(works: readonly OpenWork<E>[], jobs: ReadonlyMap<string, JobState>): Places {
    const places = new Places(this.deps);
    for (const work of works) {
      const job = jobs.get(work.name);
      if (job === undefined ? this.#isAwaited(work.name, job) : job.phase !== 'ended') places.hold(projectOf(work));
    }
    return places;
  }

  async *changes(signal: AbortSignal): AsyncIterable<void> {
    const beginHints = new BeginHints(this.deps.jobs, this.#hint);
    this.#beginHints = beginHints;
    try {
      for await (const _ of on(this.#hints, 'hint', { signal })) yield;
    } catch (error) {
      if (!signal.aborted) throw error;
    } finally {
      clearTimeout(this.#due);
      this.#beginHints = undefined;
      beginHints.stop();
    }
  }

  async report(state: WorkState<E>, signal: AbortSignal): Promise<readonly Event[]> {
    switch (state.kind) {
      case 'start':
        return this.#start(state, signal);
      case 'follow':
        return this.#tellBegin(state, signal);
      case 'told':
        return conclude(this.#place, state, undefined);
      case 'stopped':
        await this.deps.jobs.stop(state.name);
        return conclude(this.#place, state, { ...state.kept, outcome: 'cancel', reason: state.reason });
      case 'ended': {
        const end = state.job.end ?? { kind: 'lost', message: 'the job ended, and nobody knows how' };
        const verdict = await this.kind.verdict({ ...state, end }, signal);
        return conclude(this.#place, state, { ...state.kept, ...verdict });
      }
    }
  }

  async mark(state: WorkState<E>): Promise<void> {
    if (state.kind === 'start') return;
    if (state.kind === 'follow') return this.#begins.told(state.name);
    // The open record goes last: without it nobody would ever look at the job again.
    await this.deps.jobs.remove(state.name);
    await this.deps.ledger.close(openKey(this.kind.service, this.#keyOf(state.event)));
    this.#followers.forget(state.name);
    this.#starts.forget(state.name);
    this.#begins.forget(state.name);
  }

  async #look(work: OpenWork<E>, job: JobState | undefined): Promise<WorkState<E> | undefined> {
    const [ended, stop] = await Promise.all([
      this.deps.ledger.read(stageEndedKey(this.#keyOf(work.event))),
      stopReason(this.deps, work, job),
    ]);
    if (ended !== undefined) return { ...work, kind: 'told' };
    // First of all that it began: readers of its log wait for more only when that is known.
    if (job?.startedAtMs !== undefined && !this.#begins.isTold(work.name)) return { ...work, kind: 'follow', job };
    if (stop !== undefined) return this.#stopped(work, job, stop);
    return job === undefined || job.phase === 'waiting' ? this.#waits(work, job) : this.#runs(work, job);
  }

  #runs(work: OpenWork<E>, job: JobState): WorkState<E> | undefined {
    const kept = this.#followers.kept(work.name);
    if (job.phase === 'ended' && kept !== undefined) return { ...work, kind: 'ended', job, kept };
    return this.#followers.isFollowing(work.name) ? undefined : { ...work, kind: 'follow', job };
  }

  /** One that an earlier process asked for is asked for again, which changes nothing. One that has begun already and is not there any more is lost. */
  async #waits(work: OpenWork<E>, job: JobState | undefined): Promise<WorkState<E> | undefined> {
    if (this.#isAwaited(work.name, job) || !isDue(work.open, this.deps.clock())) return undefined;
    const hasBegun = async () => (await this.deps.ledger.read(stageStartedKey(this.#keyOf(work.event)))) !== undefined;
    return job === undefined && (await hasBegun())
      ? this.#runs(work, { name: work.name, phase: 'ended', end: removed })
      : { ...work, kind: 'start', job };
  }

  /** It was asked for, and has not begun. */
  #isAwaited(name: string, job: JobState | undefined): boolean {
    if (!this.#followers.isFollowing(name)) return false;
    return job === undefined ? this.#begins.isJustAsked(name, this.deps.clock()) : job.phase === 'waiting';
  }

  /** The output of what is stopped is kept too: it is told when its log is sealed. */
  #stopped(work: OpenWork<E>, job: JobState | undefined, reason: Reason): WorkState<E> | undefined {
    const kept = this.#followers.kept(work.name);
    if (job === undefined || kept !== undefined) return { ...work, kind: 'stopped', job, kept, reason };
    void this.deps.jobs
      .stop(work.name)
      .catch((error: unknown) =>
        this.deps.warn('a job could not be stopped', { job: work.name, error: String(error) }),
      );
    return this.#followers.isFollowing(work.name) ? undefined : { ...work, kind: 'follow', job };
  }

  #hintLater(...waitsMs: (number | undefined)[]): void {
    clearTimeout(this.#due);
    const waitMs = Math.min(...waitsMs.map((ms) => ms ?? Infinity));
    if (waitMs < Infinity) this.#due = setTimeout(this.#hint, waitMs).unref();
  }

  /** Asks for the job. That it has begun is told when it has: it may wait long for a machine. */
  async #start(work: OpenWork<E>, signal: AbortSignal): Promise<readonly Event[]> {
    this.#begins.asked(work.name, this.deps.clock());
    const failed = await this.#starts.start(work, signal);
    if (failed !== undefined) return conclude(this.#place, work, failed);
    this.#follow(work, signal);
    this.#hint();
    return [];
  }

  /** Tells that a job has begun, which may be one of an earlier process, and follows it. One that never began is told by its end alone. */
  async #tellBegin(work: OpenWork<E> & { job: JobState }, signal: AbortSignal): Promise<readonly Event[]> {
    const { name, event } = work;
    this.#follow(work, signal);
    const { startedAtMs } = work.job;
    if (startedAtMs === undefined || this.#begins.isTold(name)) return [];
    const startedAt = await this.#recordStart(work, this.#begins.beganAtMs(name, startedAtMs));
    return [this.kind.started(event.data.customData, startedAt)];
  }

  #follow({ name, event }: OpenWork<E>, signal: AbortSignal): void {
    this.#followers.follow({ name, work: this.#keyOf(event) }, signal);
  }

  async #recordStart({ event }: OpenWork<E>, startedAtMs: number): Promise<string> {
    const started = { stage: this.kind.stage, startedAt: instant(startedAtMs) };
    return (await this.deps.ledger.write(stageStartedKey(this.#keyOf(event)), started)).record.startedAt;
  }

  #keyOf({ data }: E): WorkKey {
    const { run, attempt } = data.customData;
    return { run, attempt, stage: this.kind.stage };
  }

  #openWork(open: OpenRecord): OpenWork<E> {
    // Only the service's own stage opens its records, and always with this type of event.
    const event = open.event as E;
    return { event, open, name: workKeyText(this.#keyOf(event)) };
  }
}

const removed: JobEnd = { kind: 'lost', message: 'somebody removed the job while it ran' };

const projectOf = ({ event }: OpenWork<WorkEvent>): string => event.data.customData.source;

/** Work of one name is looked at by one at a time. */
export const workStateKey = ({ name }: WorkState<WorkEvent>): string => name;
