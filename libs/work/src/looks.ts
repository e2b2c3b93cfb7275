/**
 * Work of which nothing new is known is looked at this often at most: there may be much of it, and every change of any job is a reason to look. What has a
 * job may have to be stopped.
 */
const restMs = { withJob: 1000, without: 3000 };

export type Looked = { name: string; hasJob: boolean };

/** When open work was last looked at. */
export class Looks {
  #atMs: ReadonlyMap<string, number> = new Map();

  /** Whether there is no need to look at it again so soon. */
  isRecent(work: Looked, nowMs: number): boolean {
    return this.#againAtMs(work, nowMs) > nowMs;
  }

  /** Notes what of the open work is looked at now, and what is passed over. @returns after what time that is to be looked at */
  note({ looked, passedOver }: Record<'looked' | 'passedOver', readonly Looked[]>, nowMs: number): number | undefined {
    const before = passedOver.map(({ name }) => [name, this.#atMs.get(name) ?? nowMs] as const);
    const waitMs = Math.min(...passedOver.map((work) => this.#againAtMs(work, nowMs))) - nowMs;
    this.#atMs = new Map([...before, ...looked.map(({ name }) => [name, nowMs] as const)]);
    return passedOver.length === 0 ? undefined : Math.max(0, waitMs);
  }

  #againAtMs({ name, hasJob }: Looked, nowMs: number): number {
    const atMs = this.#atMs.get(name) ?? -Infinity;
    // A clock that was set back says nothing of when that was.
    return (atMs > nowMs ? -Infinity : atMs) + (hasJob ? restMs.withJob : restMs.without);
  }
}
