import { stageEndedKey, stageStartedKey } from '@keelson/ledger';
import type { Ledger } from '@keelson/ledger';

export type TestAtWork = { run: string; attempt: number };

/** Tests that were asked for and have not ended, in the order in which they are started. From records alone. */
export async function testsAtWork(ledger: Ledger): Promise<{ running: TestAtWork[]; waiting: TestAtWork[] }> {
  const running: TestAtWork[] = [];
  const waiting: TestAtWork[] = [];
  for (const { event } of await ledger.open('test-runner')) {
    const { customData } = event.data;
    if (!('attempt' in customData)) continue;
    const work = { run: customData.run, attempt: customData.attempt, stage: 'test' as const };
    const [started, ended] = await Promise.all([ledger.read(stageStartedKey(work)), ledger.read(stageEndedKey(work))]);
    if (ended === undefined) (started === undefined ? waiting : running).push({ run: work.run, attempt: work.attempt });
  }
  return { running, waiting };
}
