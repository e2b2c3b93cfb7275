import { Looks } from './looks';

const waits = { name: 'waits', hasJob: false };
const runs = { name: 'runs', hasJob: true };

describe('looks at open work', () => {
  it('are due for what was never looked at', () => {
    expect(new Looks().isRecent(waits, 0)).toBe(false);
  });

  it('are due again after a rest, which is shorter for what has a job', () => {
    const looks = new Looks();
    expect(looks.note({ looked: [waits, runs], passedOver: [] }, 10_000)).toBeUndefined();
    expect([looks.isRecent(runs, 10_999), looks.isRecent(waits, 10_999)]).toEqual([true, true]);
    expect([looks.isRecent(runs, 11_000), looks.isRecent(waits, 11_000)]).toEqual([false, true]);
    expect(looks.isRecent(waits, 13_000)).toBe(false);
  });

  it('tell when what was passed over is due, which no look at other work puts off', () => {
    const looks = new Looks();
    looks.note({ looked: [waits, runs], passedOver: [] }, 10_000);
    expect(looks.note({ looked: [runs], passedOver: [waits] }, 10_400)).toBe(2600);
    expect(looks.note({ looked: [], passedOver: [waits, runs] }, 10_500)).toBe(900);
    expect(looks.isRecent(waits, 13_000)).toBe(false);
  });

  it('are due where the clock was set back since', () => {
    const looks = new Looks();
    looks.note({ looked: [waits, runs], passedOver: [] }, 3_600_000);
    expect([looks.isRecent(waits, 10_000), looks.isRecent(runs, 10_000)]).toEqual([false, false]);
  });

  it('are forgotten with the work', () => {
    const looks = new Looks();
    looks.note({ looked: [waits], passedOver: [] }, 10_000);
    looks.note({ looked: [], passedOver: [] }, 10_100);
    expect(looks.isRecent(waits, 10_200)).toBe(false);
  });
});
