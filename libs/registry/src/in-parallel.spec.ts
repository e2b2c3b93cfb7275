import { inParallel } from './in-parallel';

const never = (signal: AbortSignal) =>
  new Promise<void>((_, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error)));

describe('tasks in parallel', () => {
  const { signal } = new AbortController();

  it('are never more at once than the limit', async () => {
    let [running, most, done] = [0, 0, 0];
    const task = async () => {
      running += 1;
      most = Math.max(most, running);
      await new Promise((resolve) => setImmediate(resolve));
      running -= 1;
      done += 1;
    };
    await inParallel(
      Array.from({ length: 20 }, () => task),
      { limit: 3, signal },
    );
    expect([most, done]).toEqual([3, 20]);
  });

  it('are all aborted by the first failure, which is thrown when all have ended', async () => {
    let ended = false;
    const slow = async (inner: AbortSignal) => {
      await never(inner).catch(() => new Promise((resolve) => setImmediate(resolve)));
      ended = true;
      throw new Error('a consequence');
    };
    const failing = () => Promise.reject(new Error('the cause'));
    await expect(inParallel([slow, failing, never], { limit: 3, signal })).rejects.toThrow('the cause');
    expect(ended).toBe(true);
  });

  it("end with the outer signal's reason", async () => {
    const controller = new AbortController();
    const work = inParallel([never], { limit: 1, signal: controller.signal });
    controller.abort(new Error('enough'));
    await expect(work).rejects.toThrow('enough');
    await expect(inParallel([], { limit: 1, signal: controller.signal })).rejects.toThrow('enough');
  });
});
