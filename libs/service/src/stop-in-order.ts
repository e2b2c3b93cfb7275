import { within } from './within';

/** One thing to stop. `stop` may be called although what was before it has not stopped. */
export type StopStep = { name: string; stop(): Promise<void> | void };
/** A step that did not stop, and why. */
export type NotStopped = { name: string; why: string };

/**
 * Stops one after the other, in this order, within the time for all of them. A step that hangs or fails does not keep the others from
 * being stopped: half of the time is shared out evenly and kept for those who come later.
 * @returns the steps that did not stop in time, or failed to
 */
export async function stopInOrder(
  steps: readonly StopStep[],
  { timeoutMs = 10_000 }: { timeoutMs?: number } = {},
): Promise<readonly NotStopped[]> {
  const endMs = performance.now() + timeoutMs;
  const shareMs = timeoutMs / 2 / Math.max(steps.length, 1);
  const notStopped: NotStopped[] = [];
  for (const [index, step] of steps.entries()) {
    const keptMs = shareMs * (steps.length - 1 - index);
    const why = await stopWithin(step, Math.max(endMs - performance.now() - keptMs, shareMs));
    if (why !== undefined) notStopped.push({ name: step.name, why });
  }
  return notStopped;
}

async function stopWithin(step: StopStep, timeoutMs: number): Promise<string | undefined> {
  try {
    const stopped = Promise.resolve(step.stop()).then(() => undefined);
    return await within(stopped, timeoutMs, () => `did not stop within ${Math.round(timeoutMs)} ms`);
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
