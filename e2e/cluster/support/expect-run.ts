import { account, logPrefix, viewRun } from '@keelson/ledger';
import type { RunView } from '@keelson/ledger';
import { readLog, verifyLog } from '@keelson/logs';
import type { LogManifest } from '@keelson/logs';
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

export type Attempted = { manifest: LogManifest; text: string };

/** The log of one attempt's test, after it was held against its manifest. */
export async function logOf(own: OwnServers, run: string, attempt: number): Promise<Attempted> {
  const { store } = await own.ledger();
  const place = { store, prefix: logPrefix({ run, attempt, stage: 'test' }) };
  const { signal } = new AbortController();
  const verified = await verifyLog(place, signal);
  if (!verified.intact) throw new Error(`the log of ${run}, attempt ${attempt}: ${verified.difference}`);
  const lines: string[] = [];
  for await (const { bytes } of readLog({ ...place, follow: false }, signal))
    lines.push(`${Buffer.from(bytes).toString()}\n`);
  return { manifest: verified.manifest, text: lines.join('') };
}

/** The output of a run's last attempt, of which nothing may be missing. */
export async function outputOf(own: OwnServers, { run, attempts }: RunView): Promise<string> {
  const { manifest, text } = await logOf(own, run, attempts.length);
  expect(manifest).toMatchObject({ complete: true });
  return text;
}

/** What must hold whatever happened: every commit is accounted for, this many were built, and nothing is parked. */
export async function expectBalanced(own: OwnServers, built: number): Promise<void> {
  expect(await account(await own.ledger())).toMatchObject({ balanced: true, unexplained: [], fates: { built } });
  expect(await own.parked()).toEqual([]);
}
