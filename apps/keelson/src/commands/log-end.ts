import { endKey, logPrefix, stageEndedKey, stageStartedKey } from '@keelson/ledger';
import type { Ledger } from '@keelson/ledger';
import { readManifest } from '@keelson/logs';
import type { WorkKey } from '@keelson/events';

const pollMs = 500;

/** Why a stage's log gets no further lines, in words; undefined while it may. Records only: it holds whoever works on the run. */
export async function nothingMoreComes(ledger: Ledger, work: WorkKey): Promise<string | undefined> {
  if ((await readManifest({ store: ledger.store, prefix: logPrefix(work) })) !== undefined) return 'it is complete';
  const end = await ledger.read(endKey(work.run, work.attempt));
  if (end === undefined) return undefined;
  const [started, ended] = await Promise.all([ledger.read(stageStartedKey(work)), ledger.read(stageEndedKey(work))]);
  // A test that was cancelled while it ran: its log is sealed after the end of the attempt.
  if (started !== undefined && ended === undefined) return undefined;
  return end.reason?.message ?? `the attempt ended with ${end.outcome}`;
}

/** A signal that aborts when no log will ever be sealed, so that nobody waits for it for ever. */
export function untilNothingComes(ledger: Ledger, work: WorkKey, signal: AbortSignal) {
  const over = new AbortController();
  const place = { store: ledger.store, prefix: logPrefix(work) };
  const timer = setInterval(() => {
    const look = async () => {
      if ((await nothingMoreComes(ledger, work)) === undefined) return;
      // Sealed: the reader reads to its end by itself.
      if ((await readManifest(place)) === undefined) over.abort();
    };
    if (!signal.aborted) look().catch(() => undefined); // the reader tells what is wrong with the store
  }, pollMs);
  return { signal: over.signal, stop: () => clearInterval(timer) };
}
