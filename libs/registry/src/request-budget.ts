import type { Clock } from './clock';
import { RegistryUnavailableError } from './registry-errors';

/** A burst of one second's worth of requests passes at once; what comes behind it is spread evenly. */
const burstMs = 1000;

/** However long a registry tells us to wait, ask again after this: its mind may have changed. */
const maxPauseMs = 60_000;

/** How many requests one registry gets from this process. */
export class RequestBudget {
  /** When the requests taken so far would have left at the even rate. */
  private spentUntilMs = 0;
  private pausedUntilMs = 0;

  constructor(
    private readonly registry: string,
    /** Undefined: no limit of ours. */
    private readonly requestsPerSecond: number | undefined,
    private readonly clock: Clock,
  ) {}

  /**
   * Returns when the next request may leave, in the order of the calls.
   * @throws RegistryUnavailableError at once while the registry has asked us to stay away
   */
  async take(signal: AbortSignal): Promise<void> {
    const now = this.clock.nowMs();
    if (now < this.pausedUntilMs) {
      const retryAfterMs = Math.ceil(this.pausedUntilMs - now);
      throw new RegistryUnavailableError(`${this.registry} asked for a pause of ${retryAfterMs} ms more (429)`, {
        retryAfterMs,
      });
    }
    if (this.requestsPerSecond === undefined) return;
    const from = Math.max(this.spentUntilMs, now);
    this.spentUntilMs = from + 1000 / this.requestsPerSecond;
    const waitMs = this.spentUntilMs - now - Math.max(burstMs, 1000 / this.requestsPerSecond);
    if (waitMs > 0) await this.clock.sleep(waitMs, signal);
  }

  /** The registry answered 429: nothing leaves for it until then. */
  pause(ms: number): void {
    this.pausedUntilMs = this.clock.nowMs() + Math.min(ms, maxPauseMs);
  }
}
