export type Task = (signal: AbortSignal) => Promise<unknown>;

/**
 * Does the tasks, at most `limit` at once. The first that fails aborts the others; its error is thrown when all have
 * ended, so that nothing goes on behind the caller's back.
 */
export async function inParallel(
  tasks: readonly Task[],
  { limit, signal }: { limit: number; signal: AbortSignal },
): Promise<void> {
  signal.throwIfAborted();
  const controller = new AbortController();
  const onAbort = () => controller.abort(signal.reason);
  signal.addEventListener('abort', onAbort, { once: true });
  const waiting = [...tasks];
  const worker = async (): Promise<void> => {
    try {
      for (let task = waiting.shift(); task !== undefined; task = waiting.shift()) {
        controller.signal.throwIfAborted();
        await task(controller.signal);
      }
    } catch (error) {
      // The first failure becomes the reason; what fails because of it has the same one.
      controller.abort(error);
    }
  };
  await Promise.all(Array.from({ length: Math.min(limit, tasks.length) }, worker));
  signal.removeEventListener('abort', onAbort);
  controller.signal.throwIfAborted();
}
