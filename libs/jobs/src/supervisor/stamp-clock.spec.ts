import { rfc3339, StampClock } from './stamp-clock';

describe('the clock for lines', () => {
  const second = 1_000_000_000n;

  function clocks() {
    const time = { wallMs: 1_700_000_000_000, monotonicNs: 5n * second };
    const clock = new StampClock({ wallMs: () => time.wallMs, monotonicNs: () => time.monotonicNs });
    /** Lets time pass, for the wall clock other than for the steady one when it is set meanwhile. */
    const pass = (ns: bigint, wallMs = Number(ns / 1_000_000n)) => {
      time.monotonicNs += ns;
      time.wallMs += wallMs;
    };
    return { clock, pass };
  }

  it('begins with the wall clock and goes on by the nanosecond', () => {
    const { clock, pass } = clocks();
    expect(clock.nowNs()).toBe(1_700_000_000_000_000_000n);
    pass(1n);
    expect(clock.nowNs()).toBe(1_700_000_000_000_000_001n);
    pass(second);
    expect(clock.nowMs()).toBe(1_700_000_001_000);
  });

  it('goes on evenly when the wall clock jumps back', () => {
    const { clock, pass } = clocks();
    const before = clock.nowNs();
    pass(second, -3_600_000);
    expect(clock.nowNs() - before).toBe(second);
    pass(second);
    expect(clock.nowNs() - before).toBe(2n * second);
  });

  it('follows a wall clock that jumps ahead, as after a sleep', () => {
    const { clock, pass } = clocks();
    const before = clock.nowNs();
    pass(second, 3_600_000);
    expect(clock.nowNs() - before).toBe(3600n * second);
    pass(second, 0);
    expect(clock.nowNs() - before).toBe(3601n * second);
  });

  it('writes nine decimals always', () => {
    expect(rfc3339(1_700_000_000_000_000_000n)).toBe('2023-11-14T22:13:20.000000000Z');
    expect(rfc3339(1_700_000_000_987_654_321n)).toBe('2023-11-14T22:13:20.987654321Z');
    expect(rfc3339(1_699_999_999_999_999_999n)).toBe('2023-11-14T22:13:19.999999999Z');
  });
});
