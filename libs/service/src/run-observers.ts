import { keepRunning } from './keep-running';
import type { ObserverContext, ObserverLoop } from './observer-loop';

/** Runs what only the leader does, a service's observers and its inbox, while this process leads, until the signal aborts. Never rejects. */
export async function runObservers(
  loops: readonly Pick<ObserverLoop, 'run'>[],
  { service, bus, logger }: Pick<ObserverContext, 'service' | 'bus' | 'logger'>,
  signal: AbortSignal,
): Promise<void> {
  if (loops.length === 0) return;
  const work = async (term: AbortSignal) => {
    await Promise.all(loops.map((loop) => loop.run(term)));
  };
  const ended = (error: unknown) => logger.error({ service, err: error }, 'leading ended; it is started again');
  await keepRunning(() => bus.lead(service, work, signal), {
    signal,
    backOff: { firstMs: 1_000, maxMs: 30_000 },
    ended,
  });
}
