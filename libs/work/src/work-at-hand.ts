import type { StageName } from '@keelson/events';
import { stageEndedKey, stageStartedKey } from '@keelson/ledger';
import type { Ledger } from '@keelson/ledger';
import { inTurn } from './turn';

/** One piece of open work, as whoever asks for the queue sees it. */
export type WorkAtHand = { run: string; attempt: number; source: string; priority: number; openedAt: string };

/** Work that was asked for and has not ended, in the order in which it is begun. From records alone: any process may ask. */
export async function workAtHand(
  ledger: Ledger,
  { service, stage }: { service: string; stage: StageName },
): Promise<{ running: WorkAtHand[]; waiting: WorkAtHand[] }> {
  const running: WorkAtHand[] = [];
  const waiting: WorkAtHand[] = [];
  for (const { event, openedAt, priority = 0 } of inTurn(await ledger.open(service))) {
    const { customData } = event.data;
    if (!('attempt' in customData) || !('source' in customData)) continue;
    const { run, attempt, source } = customData;
    const key = { run, attempt, stage };
    const [started, ended] = await Promise.all([ledger.read(stageStartedKey(key)), ledger.read(stageEndedKey(key))]);
    if (ended === undefined)
      (started === undefined ? waiting : running).push({ run, attempt, source, priority, openedAt });
  }
  return { running, waiting };
}
