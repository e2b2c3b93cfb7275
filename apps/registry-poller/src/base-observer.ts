import { newRunId } from '@keelson/events';
import type { Event } from '@keelson/events';
import {
  changeKey,
  changeMerged,
  ImagesInUse,
  isReason,
  movedBases,
  newestBases,
  planKey,
  runName,
} from '@keelson/ledger';
import type { ChangeRecord, ImageInUse, MovedBase, NewestBases } from '@keelson/ledger';
import { onBaseOf, planSchema } from '@keelson/pipeline';
import type { OnBase } from '@keelson/pipeline';
import { movableName } from '@keelson/registry';
import type { Observer } from '@keelson/stage';
import { BaseTags } from './base-tags';
import { instant } from './deps';
import type { BaseWatch, RegistryPollerDeps } from './deps';

/** An image to build again, or, where nothing has moved, a change for that which was perhaps never told. */
export type Rebuild = { change: ChangeRecord; moved: readonly MovedBase[] };

type Image = ImageInUse<OnBase>;
type Behind = { image: Image; policy: OnBase; moved: readonly MovedBase[] };

const minuteMs = 60_000;

/** Builds the newest commits on a base again when its tag has moved, where their pipelines ask for it. See docs/adr/0020. */
export class BaseObserver implements Observer<Rebuild> {
  readonly #images: ImagesInUse<OnBase>;
  readonly #tags: BaseTags;
  #nextLookMs = 0;
  /** Whether there is more to build again than the last minute had room for. */
  #isWaiting = false;
  /** Runs of changes that were told by this process. */
  readonly #told = new Set<string>();
  readonly #reported = new WeakMap<Rebuild, ChangeRecord>();
  /** Of each base, the digest for which it was said that images are behind. */
  readonly #said = new Map<string, string>();

  constructor(
    readonly deps: RegistryPollerDeps,
    readonly watch: BaseWatch,
  ) {
    const { sources } = watch;
    this.#images = new ImagesInUse(deps.ledger, {
      ...{ policy: policyIn(deps), movable: movableName },
      ...(sources === undefined ? {} : { sources }),
    });
    this.#tags = new BaseTags(deps, watch.client);
  }

  async list(signal: AbortSignal): Promise<readonly Rebuild[]> {
    const nowMs = this.deps.clock();
    const isDue = nowMs >= this.#nextLookMs;
    if (!isDue && !this.#isWaiting) return [];
    const images: Image[] = [];
    for await (const image of this.#images.all()) images.push(image);
    if (isDue) {
      await this.#tags.look(images, signal);
      this.#nextLookMs = nowMs + this.watch.intervalMs;
    }
    return this.#toBuild(images, nowMs);
  }

  async #toBuild(images: readonly Image[], nowMs: number): Promise<readonly Rebuild[]> {
    const newest = await newestBases(this.deps.ledger);
    const behind = images.flatMap((image) => behindOf(image, newest));
    this.#report(behind, newest);
    const rebuilt = images.filter(({ change }) => change.kind === 'rebuilt');
    const untold = rebuilt.filter(({ isBegun, change }) => !isBegun && !this.#told.has(change.run));
    const due = behind.filter(
      ({ image, policy, moved }) => policy === 'rebuild' && isReason(image.change, moved, newest),
    );
    const room = Math.max(0, this.watch.rebuildsPerMinute - (await this.#lastMinute(images, nowMs)));
    this.#wait(due.length - room);
    return [
      ...untold.map(({ change }) => ({ change, moved: [] })),
      ...due.slice(0, room).map(({ image: { change }, moved }) => ({ change, moved })),
    ];
  }

  /** How many were written in it, also those that a newer change has passed since. */
  async #lastMinute(images: readonly Image[], nowMs: number): Promise<number> {
    let count = 0;
    for (const { change } of images) {
      let at: ChangeRecord | undefined = change;
      while (at !== undefined && Math.abs(nowMs - Date.parse(at.seenAt)) < minuteMs) {
        if (at.kind === 'rebuilt') count += 1;
        at = await this.deps.ledger.read(changeKey(at.source, at.ref, at.sequence - 1));
      }
    }
    return count;
  }

  #wait(left: number): void {
    const isWaiting = left > 0;
    if (isWaiting && !this.#isWaiting)
      this.deps.notice('bases', `${left} more to build again, ${this.watch.rebuildsPerMinute} a minute`);
    this.#isWaiting = isWaiting;
  }

  /** Says, once for each move, what is behind and stays so. */
  #report(behind: readonly Behind[], newest: NewestBases): void {
    for (const { reference, digest } of newest.values()) {
      if (this.#said.get(reference) === digest) continue;
      const names = behind
        .filter(({ policy, moved }) => policy === 'report' && moved.some((base) => base.reference === reference))
        .map(({ image: { change } }) => `${change.source}^${change.ref}`);
      if (names.length === 0) continue;
      this.#said.set(reference, digest);
      this.deps.notice(reference, `moved to ${digest}; built on what it was before: ${shown(names)}`);
    }
  }

  async report(rebuild: Rebuild): Promise<readonly Event[]> {
    const change = rebuild.moved.length === 0 ? rebuild.change : await this.#record(rebuild);
    if (change?.commit == null) return [];
    this.#reported.set(rebuild, change);
    return [changeMerged({ ...change, commit: change.commit })];
  }

  mark(rebuild: Rebuild): Promise<void> {
    const change = this.#reported.get(rebuild);
    if (change !== undefined) this.#told.add(change.run);
    return Promise.resolve();
  }

  /** The change for these moves, recorded. Undefined when the ref has moved on meanwhile. */
  async #record({ change, moved }: Rebuild): Promise<ChangeRecord | undefined> {
    const { source, ref, commit } = change;
    const sequence = change.sequence + 1;
    const run = newRunId();
    const { record } = await this.deps.ledger.write(changeKey(source, ref, sequence), {
      ...{ run, name: runName(run), source, ref, sequence, kind: 'rebuilt', commit, previous: commit, contained: [] },
      ...{ bases: [...moved], seenAt: instant(this.deps.clock()) },
    });
    return record.kind === 'rebuilt' ? record : undefined;
  }
}

/** Rebuilds of one ref follow one another. */
export const rebuildKey = ({ change: { source, ref } }: Rebuild): string => `${source}^${ref}`;

const policyIn =
  ({ ledger }: RegistryPollerDeps) =>
  async (run: string): Promise<OnBase | undefined> => {
    const plan = await ledger.read(planKey(run, planSchema));
    return plan && onBaseOf(plan.pipeline);
  };

function behindOf(image: Image, newest: NewestBases): readonly Behind[] {
  if (image.built === undefined) return [];
  const { policy, bases } = image.built;
  const moved = movedBases(bases, newest);
  return moved.length === 0 ? [] : [{ image, policy, moved }];
}

const shownNames = 5;

const shown = (names: readonly string[]): string => {
  const more = names.length - shownNames;
  return `${names.slice(0, shownNames).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
};
