import { runData } from '@keelson/events';
import type { Event, StageName } from '@keelson/events';
import type { Ledger } from './ledger';
import { endRun } from './run-end';
import { endOf } from './settle';

/** Which service gave up, at what. */
export type ParkedBy = { service: string; stage: StageName; clock: () => number };

/** Ends the attempt whose delivery is about to be parked, so that the account waits for nothing that nobody works on. Returns what to publish. */
export async function endParked(
  ledger: Ledger,
  by: ParkedBy,
  parked: { event: Event; error: string },
): Promise<readonly Event[]> {
  const run = runData.safeParse(parked.event.data.customData);
  // A request (retry, cancel) is not of an attempt: there is none to end.
  if (!run.success) return [];
  const work = { run: run.data, stage: by.stage, service: by.service, now: new Date(by.clock()).toISOString() };
  const message = `${by.service} gave up: ${parked.error}`.slice(0, 4096);
  return endRun(ledger, endOf(work, 'error', { code: 'parked', message }));
}
