import { setMaxListeners } from 'node:events';
import type { Bus } from '@keelson/bus';
import type { Event } from '@keelson/events';
import type { Observer } from '@keelson/stage';
import { backOffMs } from './back-off';
import type { BackOff } from './back-off';
import { faultFields } from './fault-fields';
import { ItemBackOff } from './item-back-off';
import { keepRunning } from './keep-running';
import type { Logger } from './logger';
import type { Metrics } from './metrics';
import { pause } from './pause';
import type { ServiceStatus } from './service-status';
import { Wake } from './wake';
import { within } from './within';

/** An observer and how often it looks. */
export type Observed<S = unknown> = {
  observer: Observer<S>;
  /** Names an item: never reported twice at the same time, and kept back by itself after it failed. */
  key(state: S): string;
  /** Between two looks without a hint. */
  intervalMs: number;
  /** The wait after a failure, doubled up to a minute for further ones. Default 1 s. */
  retryMs?: number;
  /** For logs and metrics. Default: the service's name. */
  name?: string;
};

export type ObserverContext = { service: string; bus: Bus; logger: Logger; metrics: Metrics; status: ServiceStatus };

/** Items reported at once. */
const atOnce = 16;
/** Hints closer together than this cause one look. */
const shortestGapMs = 10;

/** Lists, reports, publishes, marks; at every hint and every interval, while it runs. */
export class ObserverLoop {
  readonly #observed: Observed;
  readonly #context: ObserverContext;
  readonly #fields: { service: string; observer: string };
  readonly #backOff: BackOff;
  readonly #wake = new Wake();
  /** Why the last look failed: told once, until one succeeds. */
  #fault: string | undefined;
  /** Items being reported, by key. */
  readonly #inWork = new Map<string, Promise<void>>();
  /** Keys that came up again while they were being reported: what was seen of them then is looked at afterwards. */
  readonly #passedOver = new Set<string>();
  /** Keys whose report has ended since this look began: what it saw of them may be what was told already. */
  readonly #doneMeanwhile = new Set<string>();

  constructor(observed: Observed, context: ObserverContext) {
    this.#observed = observed;
    this.#context = context;
    this.#fields = { service: context.service, observer: observed.name ?? context.service };
    this.#backOff = { firstMs: observed.retryMs ?? 1_000, maxMs: Math.max(60_000, observed.retryMs ?? 0) };
  }

  /** A hint to look now. A look that has begun already does not count: there will be another one. */
  wake(): void {
    this.#wake.ring();
  }

  /** Looks until the signal aborts; resolves when no item is in work any more. Not to be called while it runs. */
  async run(signal: AbortSignal): Promise<void> {
    // Every item in work listens to it, some more than once: no leak.
    setMaxListeners(0, signal);
    const items = new ItemBackOff(this.#backOff);
    const following = this.#followChanges(signal);
    for (let failedLooks = 0; !signal.aborted;) {
      const startedMs = performance.now();
      const isDone = await this.#look(items, signal);
      failedLooks = isDone ? 0 : failedLooks + 1;
      // After a failed look hints must not make it a hot loop; they are kept for the next one.
      if (!isDone) await pause(backOffMs(this.#backOff, failedLooks), signal);
      else await this.#wake.wait(Math.min(this.#observed.intervalMs, items.nextDueInMs()), signal);
      await pause(startedMs + shortestGapMs - performance.now(), signal);
    }
    await Promise.all(this.#inWork.values());
    // An iterable that does not heed its signal must not keep us.
    await within(following, 1_000, () => undefined);
    // Whoever leads next publishes what we could not.
    this.#context.status.published();
  }

  /** One look at everything there is. Ends when every item's report has begun: a slow one holds up nobody. */
  async #look(items: ItemBackOff, signal: AbortSignal): Promise<boolean> {
    this.#doneMeanwhile.clear();
    const states = await this.#list(signal);
    if (states === undefined) return false;
    const keyed = states.map((state) => ({ key: this.#observed.key(state), state }));
    items.keepOnly(new Set(keyed.map(({ key }) => key)));
    for (const { key, state } of keyed) {
      while (this.#inWork.size >= atOnce) await Promise.race(this.#inWork.values());
      if (signal.aborted) return true;
      if (this.#inWork.has(key)) this.#passedOver.add(key);
      else if (this.#doneMeanwhile.has(key)) this.#wake.ring();
      else if (items.begin(key)) this.#inWork.set(key, this.#work({ key, state, items }, signal));
    }
    return true;
  }

  async #list(signal: AbortSignal): Promise<readonly unknown[] | undefined> {
    const { logger, metrics } = this.#context;
    try {
      const states = await this.#observed.observer.list(signal);
      metrics.passed({ ...this.#fields, ok: true });
      if (this.#fault !== undefined) logger.info({ ...this.#fields }, 'an observer can look again');
      this.#fault = undefined;
      return states;
    } catch (error) {
      if (signal.aborted) return undefined;
      metrics.passed({ ...this.#fields, ok: false });
      const fault = String(error);
      if (fault !== this.#fault) logger.warn({ ...this.#fields, err: error }, 'an observer could not look');
      this.#fault = fault;
      return undefined;
    }
  }

  async #work({ key, state, items }: { key: string; state: unknown; items: ItemBackOff }, signal: AbortSignal) {
    const { logger, metrics } = this.#context;
    try {
      const hasTold = await this.#tell(state, signal);
      items.succeeded(key);
      metrics.reported({ ...this.#fields, ok: true });
      // What was told may have made room for something else.
      if (hasTold) this.#wake.ring();
    } catch (error) {
      if (signal.aborted) return;
      const retryMs = items.failed(key);
      metrics.reported({ ...this.#fields, ok: false });
      logger.warn({ ...this.#fields, item: key, retryMs, ...faultFields(error) }, 'an item could not be reported');
      this.#wake.ring();
    } finally {
      this.#inWork.delete(key);
      this.#doneMeanwhile.add(key);
      if (this.#passedOver.delete(key)) this.#wake.ring();
    }
  }

  /** The order is the contract: recorded, then published, then marked. A crash in between tells again, and loses nothing. */
  async #tell(state: unknown, signal: AbortSignal): Promise<boolean> {
    const { observer } = this.#observed;
    const events = await observer.report(state, signal);
    if (events.length > 0) await this.#publish(events, signal);
    await observer.mark(state, signal);
    return events.length > 0;
  }

  async #publish(events: readonly Event[], signal: AbortSignal): Promise<void> {
    const { bus, status } = this.#context;
    try {
      await bus.publish(events, signal);
      status.published();
    } catch (error) {
      if (!signal.aborted) status.published(error);
      throw error;
    }
  }

  async #followChanges(signal: AbortSignal): Promise<void> {
    const { observer } = this.#observed;
    if (!observer.changes) return;
    const follow = async () => {
      const hints = observer.changes?.(signal)[Symbol.asyncIterator]();
      while (hints && !(await hints.next()).done) this.#wake.ring();
    };
    const ended = (error: unknown) => {
      if (error) this.#context.logger.warn({ ...this.#fields, err: error }, 'hints ended; they are asked for again');
      // What happened meanwhile gave no hint.
      this.#wake.ring();
    };
    await keepRunning(follow, { signal, backOff: this.#backOff, ended });
  }
}
