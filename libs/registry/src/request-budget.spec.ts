import type { Clock } from './clock';
import { RegistryUnavailableError } from './registry-errors';
import { RequestBudget } from './request-budget';

/** A clock on which only waiting takes time. */
class WaitingClock implements Clock {
  now = 1_000_000;
  slept: number[] = [];
  nowMs = () => this.now;
  sleep = (ms: number) => {
    this.slept.push(Math.round(ms));
    return Promise.resolve();
  };
}

const { signal } = new AbortController();

describe("a registry's budget", () => {
  it('lets a burst of one second through, then one request per interval', async () => {
    const clock = new WaitingClock();
    const budget = new RequestBudget('a.b', 4, clock);
    for (let index = 0; index < 7; index += 1) await budget.take(signal);
    expect(clock.slept).toEqual([250, 500, 750]);
  });

  it('recovers with time', async () => {
    const clock = new WaitingClock();
    const budget = new RequestBudget('a.b', 2, clock);
    for (let index = 0; index < 3; index += 1) await budget.take(signal);
    clock.now += 1500;
    await budget.take(signal);
    expect(clock.slept).toEqual([500]);
  });

  it('below one request a second never lets two through together', async () => {
    const clock = new WaitingClock();
    const budget = new RequestBudget('a.b', 0.5, clock);
    await budget.take(signal);
    await budget.take(signal);
    expect(clock.slept).toEqual([2000]);
  });

  it('refuses at once while the registry wants a pause, and says how long it lasts', async () => {
    const clock = new WaitingClock();
    const budget = new RequestBudget('a.b', undefined, clock);
    budget.pause(3000);
    clock.now += 1000;
    const error: unknown = await budget.take(signal).catch((fault: unknown) => fault);
    expect(error).toBeInstanceOf(RegistryUnavailableError);
    expect(error).toMatchObject({ retryAfterMs: 2000, code: 'registry-unavailable' });
    clock.now += 2000;
    await budget.take(signal);
  });

  it('does not stay away for hours because a registry says so', async () => {
    const clock = new WaitingClock();
    const budget = new RequestBudget('a.b', undefined, clock);
    budget.pause(24 * 60 * 60 * 1000);
    clock.now += 60_001;
    await expect(budget.take(signal)).resolves.toBeUndefined();
  });
});
