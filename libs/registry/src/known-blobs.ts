import type { Clock } from './clock';
import { formatRepository } from './image-reference';
import type { Repository } from './image-reference';

/** A registry may collect its garbage at any time; what was seen this long ago is asked for again. */
const lifeMs = 60 * 60 * 1000;
const maxEntries = 50_000;

/** Which blobs this process knows to be in which repository: no request for what was seen a moment ago. */
export class KnownBlobs {
  private readonly seen = new Map<string, number>();

  constructor(private readonly clock: Clock) {}

  has(target: Repository, digest: string): boolean {
    const seenAtMs = this.seen.get(keyOf(target, digest));
    return seenAtMs !== undefined && this.clock.nowMs() - seenAtMs < lifeMs;
  }

  add(target: Repository, digest: string): void {
    this.seen.set(keyOf(target, digest), this.clock.nowMs());
    const [oldest] = this.seen.keys();
    if (this.seen.size > maxEntries && oldest !== undefined) this.seen.delete(oldest);
  }

  /** The registry says that something is missing there: nothing is known any more. */
  forget(target: Repository): void {
    const prefix = keyOf(target, '');
    for (const key of this.seen.keys()) if (key.startsWith(prefix)) this.seen.delete(key);
  }
}

const keyOf = (target: Repository, digest: string): string => `${formatRepository(target)}@${digest}`;
