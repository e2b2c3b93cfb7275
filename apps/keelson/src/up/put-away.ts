import { setTimeout as pause } from 'node:timers/promises';
import { viewRun } from '@keelson/ledger';
import type { Ledger } from '@keelson/ledger';

const services = ['image-builder', 'test-runner'];
const everyMs = 100;

/**
 * Waits until no job is left of a run that has ended, cancelled or superseded: nobody would stop it or remove it when we are gone.
 * @param withinMs no longer than this
 */
export async function untilPutAway(
  ledger: Ledger,
  { withinMs, signal }: { withinMs: number; signal: AbortSignal },
): Promise<void> {
  for (const end = performance.now() + withinMs; performance.now() < end && !signal.aborted; await pause(everyMs)) {
    if (!(await hasLeftOver(ledger))) return;
  }
}

async function hasLeftOver(ledger: Ledger): Promise<boolean> {
  const open = (await Promise.all(services.map((service) => ledger.open(service)))).flat();
  const runs = [...new Set(open.map(({ event }) => (event.data.customData as { run: string }).run))];
  const views = await Promise.all(runs.map((run) => viewRun(ledger, run)));
  return views.some((view) => view !== undefined && view.outcome !== 'running');
}
