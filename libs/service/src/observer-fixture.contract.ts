import type { Bus, LmdbBus } from '@keelson/bus';
import type { Event } from '@keelson/events';
import type { Observer } from '@keelson/stage';
import { logLines, openBus, runRetried } from './bus-fixture.contract';
import { logger } from './logger';
import { ObserverLoop } from './observer-loop';
import type { Observed } from './observer-loop';
import { PromMetrics } from './prom-metrics';
import { runObservers } from './run-observers';
import { ServiceStatus } from './service-status';

/** Longer than any test: what happens is caused by hints, not by the clock. */
export const never = 3_600_000;

/** Items that are open until they are marked; every step is written down. */
export class OpenItems implements Observer<string> {
  readonly open = new Set<string>();
  readonly steps: string[] = [];
  looks = 0;

  async list(): Promise<readonly string[]> {
    this.looks += 1;
    return [...this.open];
  }

  async report(item: string): Promise<readonly Event[]> {
    this.steps.push(`report ${item}`);
    return [runRetried()];
  }

  async mark(item: string): Promise<void> {
    this.steps.push(`mark ${item}`);
    this.open.delete(item);
  }
}

type LoopOptions = Partial<Observed<string>> & { observer: Observer<string>; on?: Bus };

/** A bus for each test, and observer loops on it that end with it. */
export function observerLoops() {
  const metrics = new PromMetrics();
  let open: { bus: LmdbBus; end: () => Promise<void> };
  let stopping: AbortController;
  let running: Promise<void>[];
  let log: ReturnType<typeof logLines>;
  beforeEach(async () => {
    open = await openBus();
    stopping = new AbortController();
    running = [];
    log = logLines();
  });
  const stop = async () => {
    stopping.abort();
    await Promise.all(running);
  };
  afterEach(async () => {
    await stop();
    await open.end();
  });
  const contextOn = (bus: Bus) => ({
    service: 'sample',
    bus,
    logger: logger('sample', { destination: log.destination }),
    metrics,
    status: new ServiceStatus('sample'),
  });
  const observe = ({ on = open.bus, ...observed }: LoopOptions) => {
    const context = contextOn(on);
    const loop = new ObserverLoop({ key: (item: string) => item, intervalMs: never, retryMs: 5, ...observed }, context);
    running.push(runObservers([loop], context, stopping.signal));
    return { loop, status: context.status };
  };
  const linesWith = (text: string) => log.lines().filter((line) => JSON.stringify(line).includes(text));
  return { observe, stop, metrics, linesWith, contextOn, bus: () => open.bus, signal: () => stopping.signal };
}

/** The same bus, publishing in another way. */
export const busWith = (bus: Bus, publish: Bus['publish']): Bus => ({
  publish,
  consume: (...args) => bus.consume(...args),
  offer: (...args) => bus.offer(...args),
  consumeInbox: (...args) => bus.consumeInbox(...args),
  lead: (...args) => bus.lead(...args),
  replay: (...args) => bus.replay(...args),
  queues: () => bus.queues(),
  parked: () => bus.parked(),
  unpark: (...args) => bus.unpark(...args),
  close: () => bus.close(),
});
