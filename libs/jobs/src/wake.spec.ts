import { Wake } from './wake';

describe('a wake-up', () => {
  const { signal } = new AbortController();

  it('ends the wait', async () => {
    const wake = new Wake();
    const waiting = wake.wait(signal);
    wake.up();
    await waiting;
  });

  it('that came before the wait is not lost, but counts once', async () => {
    const wake = new Wake();
    wake.up();
    wake.up();
    await wake.wait(signal);
    const again = wake.wait(signal).then(() => 'woken');
    expect(await Promise.race([again, new Promise((resolve) => setTimeout(resolve, 20, 'asleep'))])).toBe('asleep');
    wake.up();
    expect(await again).toBe('woken');
  });

  it('is not needed once the time or the signal ends', async () => {
    const wake = new Wake();
    await wake.wait(signal, 1);
    await wake.wait(AbortSignal.abort());
    const ending = new AbortController();
    const waiting = wake.wait(ending.signal);
    ending.abort();
    await waiting;
  });
});
