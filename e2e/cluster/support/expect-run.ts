import { account, logPrefix, viewRun } from '@keelson/ledger';
import type { RunView } from '@keelson/ledger';
import { readLog, verifyLog } from '@keelson/logs';
import { until } from '../../support/keelson';
import type { OwnServers } from './own-servers';

/** The views of all runs, the oldest first. */
export async function runViews(own: OwnServers): Promise<RunView[]> {
  const ledger = await own.ledger();
  const views = await Promise.all((await ledger.runs()).map((run) => viewRun(ledger, run)));
  return views.filter((view) => view !== undefined);
}

/** Waits until there are this many runs and all of them have ended. */
export async function untilEnded(
  own: OwnServers,
  { count, timeoutMs = 120_000, said }: { count: number; timeoutMs?: number; said: () => string },
): Promise<RunView[]> {
  let views: RunView[] = [];
  const look = async () => {
    await new Promise((resolve) => setTimeout(resolve, 300));
    views = await runViews(own);
    return views.length >= count && views.every(({ outcome }) => outcome !== 'running');
  };
  await until(look, { timeoutMs, what: () => `${count} runs to end, of ${JSON.stringify(views)}:\n${said()}` });
  return views;
}

/** The output of a run's last attempt, after its log was held against its manifest. */
export async function outputOf(own: OwnServers, { run, attempts }: RunView): Promise<string> {
  const { store } = await own.ledger();
  const place = { store, prefix: logPrefix({ run, attempt: attempts.length, stage: 'test' }) };
  const { signal } = new AbortController();
  expect(await verifyLog(place, signal)).toMatchObject({ intact: true, manifest: { complete: true } });
  let text = '';
  for await (const { bytes } of readLog({ ...place, follow: false }, signal))
    text += `${Buffer.from(bytes).toString()}\n`;
  return text;
}

/** What must hold whatever happened: every commit is accounted for, this many were built, and nothing is parked. */
export async function expectBalanced(own: OwnServers, built: number): Promise<void> {
  expect(await account(await own.ledger())).toMatchObject({ balanced: true, unexplained: [], fates: { built } });
  expect(await own.parked()).toEqual([]);
}
