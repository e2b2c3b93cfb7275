import { changeKey, endKey, stageEndedKey } from './keys';
import type { Ledger } from './ledger';
import type { ChangeRecord, StageEnded } from './records';
import { Watches } from './watches';

/** The newest change of a ref that is there, and what its image was built on. */
export type ImageInUse<Policy> = {
  change: ChangeRecord & { commit: string };
  /** Whether an attempt was begun. */
  isBegun: boolean;
  /** Undefined while its build has told nothing. */
  built?: { policy: Policy; bases: readonly { reference: string; digest: string }[] };
};

export type ImagesInUseOptions<Policy> = {
  /** What the plan of a run says about moved bases; undefined where it has none. */
  policy: (run: string) => Promise<Policy | undefined>;
  /** The full name of a base; undefined for one that cannot move. */
  movable: (reference: string) => string | undefined;
  /** Those that are watched besides what the records say; absent: any that the records do not say to leave. */
  sources?: readonly string[];
};

const maxKept = 20_000;

/** Which images are on which bases, as the newest change of each ref has it. See docs/adr/0020. */
export class ImagesInUse<Policy> {
  // What was read of runs does not change; a set that grew too large is read anew.
  readonly #policies = new Map<string, Policy>();
  readonly #ended = new Map<string, StageEnded>();
  readonly #watches: Watches;

  constructor(
    readonly ledger: Ledger,
    readonly options: ImagesInUseOptions<Policy>,
  ) {
    this.#watches = new Watches(ledger);
  }

  /** Those of sources that are watched, or were never said not to be. */
  async *all(): AsyncIterable<ImageInUse<Policy>> {
    for (const kept of [this.#policies, this.#ended]) if (kept.size > maxKept) kept.clear();
    const isLeft = await this.#left();
    for await (const { source, ref } of this.ledger.refs()) {
      if (isLeft(source)) continue;
      const change = await this.ledger.newestChange(source, ref);
      if (change === undefined || change.kind === 'baseline' || change.kind === 'requested') continue;
      const { commit } = change;
      if (commit !== null) yield this.#image({ ...change, commit });
    }
  }

  async #left(): Promise<(source: string) => boolean> {
    const records = await this.#watches.current();
    const watched = new Set(records.filter(({ isWatched }) => isWatched).map(({ source }) => source));
    const { sources } = this.options;
    if (sources !== undefined) return (source) => !watched.has(source) && !sources.includes(source);
    const named = new Set(records.map(({ source }) => source));
    return (source) => named.has(source) && !watched.has(source);
  }

  async #image(change: ImageInUse<Policy>['change']): Promise<ImageInUse<Policy>> {
    const attempts = await this.ledger.attempts(change.run);
    const image = { change, isBegun: attempts.length > 0 };
    const policy = await this.#policy(change);
    const bases = await this.#bases(change, attempts);
    return policy === undefined || bases === undefined ? image : { ...image, built: { policy, bases } };
  }

  /** A rebuild whose source could not be frozen has no plan: then the plan before counts. */
  async #policy({ run, ...change }: ChangeRecord): Promise<Policy | undefined> {
    const known = this.#policies.get(run) ?? (await this.options.policy(run));
    if (known !== undefined) this.#policies.set(run, known);
    if (known !== undefined || change.kind !== 'rebuilt') return known;
    const before = await this.ledger.read(changeKey(change.source, change.ref, change.sequence - 1));
    return before === undefined ? undefined : this.#policy(before);
  }

  /** As the last build told; a rebuild that ended without one was for the bases that its change names. */
  async #bases(change: ChangeRecord, attempts: readonly number[]) {
    for (const attempt of [...attempts].reverse()) {
      const bases = (await this.#build(change.run, attempt))?.build?.bases ?? [];
      const found = bases.flatMap(({ reference, digest }) => {
        const name = this.options.movable(reference);
        return name === undefined || digest === undefined ? [] : [{ reference: name, digest }];
      });
      if (found.length > 0) return found;
    }
    const last = attempts.at(-1);
    if (change.bases === undefined || last === undefined) return undefined;
    const hasEnded = (await this.ledger.read(endKey(change.run, last))) !== undefined;
    return hasEnded ? change.bases.map(({ reference, to: digest }) => ({ reference, digest })) : undefined;
  }

  async #build(run: string, attempt: number): Promise<StageEnded | undefined> {
    const key = stageEndedKey({ run, attempt, stage: 'build' });
    const ended = this.#ended.get(key.path) ?? (await this.ledger.read(key));
    if (ended !== undefined) this.#ended.set(key.path, ended);
    return ended;
  }
}
