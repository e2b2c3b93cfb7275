import { HostBudget } from './host-budget';
import { nextPoll } from './next-poll';
import { retryAfterMs } from './retry-after';

/** A clock that jumps to the end of each sleep. */
const jumpingClock = () => {
  let now = 0;
  return {
    now: () => now,
    sleep: (ms: number) => {
      now += ms;
      return Promise.resolve();
    },
  };
};

describe('a budget per host', () => {
  it('spreads requests beyond a burst over time, each host by itself', async () => {
    const clock = jumpingClock();
    const budget = new HostBudget({ perSecond: 10, burst: 3, concurrency: 1, clock });
    const times: number[] = [];
    for (let index = 0; index < 6; index += 1) await budget.use('a', () => Promise.resolve(times.push(clock.now())));
    expect(times).toEqual([0, 0, 0, 100, 200, 300]);
    await budget.use('b', () => Promise.resolve(times.push(clock.now())));
    expect(times.at(-1)).toBe(300);
  });

  it('lets only so many work at once, in order, and goes on after a failure', async () => {
    const budget = new HostBudget({ perSecond: 1000, concurrency: 2 });
    const order: number[] = [];
    const doors: (() => void)[] = [];
    let working = 0;
    let most = 0;
    const all = [0, 1, 2, 3].map((index) =>
      budget.use('a', async () => {
        most = Math.max(most, (working += 1));
        order.push(index);
        await new Promise<void>((resolve) => doors.push(resolve));
        working -= 1;
        if (index === 0) throw new Error('first');
      }),
    );
    const settled = Promise.allSettled(all);
    for (let opened = 0; opened < 4;) {
      await new Promise((resolve) => setImmediate(resolve));
      const door = doors[opened];
      if (door !== undefined && (opened += 1)) door();
    }
    expect((await settled).map(({ status }) => status)).toEqual(['rejected', 'fulfilled', 'fulfilled', 'fulfilled']);
    expect(order).toEqual([0, 1, 2, 3]);
    expect(most).toBe(2);
  });

  it('gives up its place in the queue when the signal aborts', async () => {
    const budget = new HostBudget({ concurrency: 1 });
    let open: () => void = () => undefined;
    const first = budget.use('a', () => new Promise<void>((resolve) => (open = resolve)));
    const controller = new AbortController();
    const second = budget.use('a', () => Promise.resolve('second'), controller.signal);
    const third = budget.use('a', () => Promise.resolve('third'));
    controller.abort(new Error('enough'));
    await expect(second).rejects.toThrow('enough');
    open();
    await first;
    expect(await third).toBe('third');
  });
});

describe('the time of the next look', () => {
  const state = { now: 100_000, last: 95_000, failures: 0, intervalMs: 10_000, random: 0.5 };

  it('is now for the first one, and after a clock that went back', () => {
    expect(nextPoll({ ...state, last: undefined })).toEqual({ due: true, at: 100_000, reason: 'first' });
    expect(nextPoll({ ...state, last: 200_000 })).toEqual({ due: true, at: 100_000, reason: 'clock-went-back' });
  });

  it('is an interval later, a tenth more or less', () => {
    expect(nextPoll(state)).toEqual({ due: false, at: 105_000, reason: 'interval' });
    expect(nextPoll({ ...state, now: 105_000 }).due).toBe(true);
    expect(nextPoll({ ...state, random: 0 }).at).toBe(104_000);
    expect(nextPoll({ ...state, random: 1 }).at).toBe(106_000);
  });

  it('moves away with each failure, up to ten minutes', () => {
    expect(nextPoll({ ...state, failures: 1 })).toMatchObject({ at: 115_000, reason: 'back-off' });
    expect(nextPoll({ ...state, failures: 3 }).at).toBe(175_000);
    expect(nextPoll({ ...state, failures: 1000 }).at).toBe(695_000);
    expect(nextPoll({ ...state, failures: 1000, intervalMs: 3_600_000 }).at).toBe(3_695_000);
  });

  it('is never earlier than the remote asked for', () => {
    expect(nextPoll({ ...state, failures: 1, retryAfterMs: 60_000 })).toEqual({
      due: false,
      at: 161_000,
      reason: 'retry-after',
    });
    expect(nextPoll({ ...state, failures: 1, retryAfterMs: 60_000, random: 0 }).at).toBe(155_000);
    expect(nextPoll({ ...state, retryAfterMs: 1 }).reason).toBe('interval');
  });
});

describe('Retry-After', () => {
  it.each([
    ['120', 120_000],
    ['0', 0],
    ['Thu, 01 Jan 1970 00:02:00 GMT', 60_000],
    ['Thu, 01 Jan 1970 00:00:00 GMT', 0],
    [undefined, 60_000],
    ['soon', 60_000],
    ['999999999', 86_400_000],
  ])('%s', (header, expected) => {
    expect(retryAfterMs(header, 60_000)).toBe(expected);
  });
});
