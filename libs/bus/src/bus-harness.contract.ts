import { composeEvent, eventTypes, newRunId } from '@keelson/events';
import type { Event, EventType } from '@keelson/events';
import { emit } from '@keelson/stage';
import type { Delay, Outcome } from '@keelson/stage';
import type { AuditEntry, Bus, Delivery, Handler, Parked, Subscription } from './bus';

/** Intervals short enough for a test. */
export type BusTimes = {
  retryMs: readonly [number, number, number];
  againMs: Readonly<Record<Delay, number>>;
  againDeadlineMs: number;
  maxRedeliveries: number;
};

/** One backing store and the buses on it. */
export type BusHarness = {
  /** A bus on this store. Called again: another worker's (the same object where only one process may have the store). */
  open(): Promise<Bus>;
  /** Makes a service's queue, so that it takes events before it consumes. Needs an open bus. */
  declare(service: string, types: readonly EventType[]): Promise<void>;
  /** Ends all its buses as a killed process would: nothing acknowledged, nothing given back. */
  crash(): Promise<void>;
  /** Closes what is open and forgets the store. */
  end(): Promise<void>;
};
export type MakeHarness = (times: BusTimes) => Promise<BusHarness>;

export const shortTimes: BusTimes = {
  retryMs: [20, 30, 40],
  againMs: { '1s': 10, '10s': 20, '1m': 30, '10m': 40 },
  againDeadlineMs: 86_400_000,
  maxRedeliveries: 2,
};

export const { changeMerged, runCancelled } = eventTypes;
const run = newRunId();

/** A valid event that differs from others by its name. */
export function sampleEvent(name: string, type: typeof changeMerged | typeof runCancelled = runCancelled): Event {
  const parts = { work: { run, attempt: 1, stage: 'source' }, service: 'sample', subjectId: name } as const;
  const time = '2026-01-02T03:04:05Z';
  if (type === runCancelled) return composeEvent({ ...parts, type, content: {}, customData: { run }, time });
  const commit = '0123456789abcdef0123456789abcdef01234567';
  const customData = { run, attempt: 1, source: '/src', ref: 'refs/heads/main', commit, sequence: 1 };
  return composeEvent({ ...parts, type, content: {}, customData, time });
}

export const sampleEvents = (...names: string[]): Event[] => names.map((name) => sampleEvent(name));

/** Waits for a condition; the time bounds a test that is stuck, it measures nothing. */
export async function until(
  what: string,
  condition: () => boolean | Promise<boolean>,
  withinMs = 300_000,
): Promise<void> {
  const endMs = performance.now() + withinMs;
  while (!(await condition())) {
    if (performance.now() > endMs) throw new Error(`waited in vain until ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** A handler that writes down what it got, and answers what it is told to. */
export class Recorder {
  readonly seen: { subject: string; id: string; delivery: Delivery }[] = [];
  inWork = 0;
  mostInWork = 0;

  constructor(
    private readonly answer: (nth: number, signal: AbortSignal) => Outcome | Promise<Outcome> = () => emit(),
  ) {}

  readonly handler: Handler = async (event, delivery, signal) => {
    this.seen.push({ subject: event.subject, id: event.id, delivery });
    this.inWork += 1;
    this.mostInWork = Math.max(this.mostInWork, this.inWork);
    try {
      return await this.answer(this.seen.length, signal);
    } finally {
      this.inWork -= 1;
    }
  };

  get subjects(): string[] {
    return this.seen.map((one) => one.subject);
  }

  untilSeen(count: number): Promise<void> {
    return until(`${count} deliveries are seen; seen: ${this.subjects.join(', ')}`, () => this.seen.length >= count);
  }
}

/** A consumer that a test can end. */
export type Consuming = { stop(): Promise<void> };

export function consuming(bus: Bus, subscription: Partial<Subscription>, handler: Handler): Consuming {
  const stopping = new AbortController();
  const whole = { service: 'builder', types: [runCancelled], prefetch: 1, ...subscription };
  const ended = bus.consume(whole, handler, stopping.signal);
  return {
    stop: () => {
      stopping.abort();
      return ended;
    },
  };
}

/** Never answers, and does not heed its signal. */
export const hang = (): Promise<never> => new Promise(() => undefined);

/** A promise and the means to resolve it. */
export function gate(): { opened: Promise<void>; open: () => void } {
  let open: () => void = () => undefined;
  const opened = new Promise<void>((resolve) => (open = resolve));
  return { opened, open };
}

export async function untilParked(bus: Bus, count = 1): Promise<readonly Parked[]> {
  let parked: readonly Parked[] = [];
  const areParked = async () => (parked = await bus.parked()).length >= count;
  await until(`${count} deliveries are parked`, areParked);
  return parked;
}

/** The audit from an offset on, as far as it goes now. */
export async function auditFrom(bus: Bus, from = 0): Promise<AuditEntry[]> {
  const entries: AuditEntry[] = [];
  for await (const entry of bus.replay({ from, follow: false }, new AbortController().signal)) entries.push(entry);
  return entries;
}
