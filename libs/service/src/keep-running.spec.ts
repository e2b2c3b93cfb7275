import { keepRunning } from './keep-running';

describe('keepRunning', () => {
  const backOff = { firstMs: 1, maxMs: 5 };

  it('runs the work again when it ends, and tells why it ended', async () => {
    const stopping = new AbortController();
    const told: unknown[] = [];
    let runs = 0;
    const work = async () => {
      runs += 1;
      if (runs === 1) throw new Error('broken');
      if (runs === 3) stopping.abort();
    };
    await keepRunning(work, { signal: stopping.signal, backOff, ended: (error) => told.push(error) });
    expect([runs, told]).toEqual([3, [new Error('broken'), undefined]]);
  });

  it('says nothing of an error that the abort caused', async () => {
    const stopping = new AbortController();
    const work = async () => {
      stopping.abort();
      throw new Error('aborted');
    };
    const ended = () => {
      throw new Error('told');
    };
    await expect(keepRunning(work, { signal: stopping.signal, backOff, ended })).resolves.toBeUndefined();
  });

  it('does not wait out its pause when the signal aborts', async () => {
    const stopping = new AbortController();
    const ended = () => setImmediate(() => stopping.abort());
    const hour = { firstMs: 3_600_000, maxMs: 3_600_000 };
    await keepRunning(async () => undefined, { signal: stopping.signal, backOff: hour, ended });
  });
});
