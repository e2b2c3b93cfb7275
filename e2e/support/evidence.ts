import { logPrefix, viewRun, Ledger } from '@keelson/ledger';
import type { RunView } from '@keelson/ledger';
import { verifyLog } from '@keelson/logs';
import { DirObjectStore } from '@keelson/objects';
import path from 'node:path';
import { keelsonJson } from './keelson';

export type Shown = {
  run: string;
  name: string;
  source: string;
  ref: string;
  commit: string;
  sequence: number;
  outcome: string;
  reason: { code: string; message: string } | null;
  attempt: number;
  stages: { stage: string; outcome: string; tookMs?: number }[];
  image: { reference: string; repository: string; digest: string; tags: string[] } | null;
  snapshot: { digest: string } | null;
  log: { lines: number; bytes: number; sha256: string; complete: boolean } | null;
  attempts: Attempt[];
};
export type Attempt = {
  attempt: number;
  outcome: string;
  reason?: { code: string; message: string };
  log?: { lines: number; complete: boolean; sha256: string };
};
type Fates = Record<
  'built' | 'contained' | 'superseded' | 'skipped' | 'failed' | 'error' | 'cancelled' | 'parked' | 'running',
  number
>;
export type Account = { balanced: boolean; seen: number; deletions: number; unexplained: unknown[]; fates: Fates };
export type KeelsonEvent = {
  id: string;
  type: string;
  subject: string;
  data: { context: { chainId: string }; customData: { attempt?: number } };
};

export const show = async (data: string, run = 'last'): Promise<Shown> =>
  (await keelsonJson<Shown>(['show', run, '--data', data]))[0]!;

/** All runs, the oldest first. */
export const runs = (data: string): Promise<Shown[]> => keelsonJson<Shown>(['runs', '-n', '0', '--data', data]);

export const accountOf = async (data: string): Promise<Account> =>
  (await keelsonJson<Account>(['account', '--data', data]))[0]!;

export const events = (data: string): Promise<KeelsonEvent[]> => keelsonJson<KeelsonEvent>(['events', '--data', data]);

/** Whether these fates, and no others, are what the account has. */
export const fates = (some: Partial<Fates>): Fates => ({
  ...{ built: 0, contained: 0, superseded: 0, skipped: 0, failed: 0, error: 0, cancelled: 0, parked: 0, running: 0 },
  ...some,
});

/**
 * What must hold of every data directory, whatever happened to it: the account balances with these fates and nothing is unfinished; every log that
 * a record tells of is what its manifest says; an event that was told again was told in the very same bytes.
 */
export async function expectInOrder(data: string, expected: Partial<Fates>): Promise<void> {
  const [account, told] = await Promise.all([accountOf(data), events(data), expectLogsIntact(data)]);
  expect(account).toMatchObject({ balanced: true, unexplained: [], fates: fates(expected) });
  expectToldAlike(told);
}

/** Reads every log again, without the command's help. */
async function expectLogsIntact(data: string): Promise<void> {
  const ledger = new Ledger(await DirObjectStore.open(path.join(data, 'objects')));
  for (const run of await ledger.runs()) {
    const view = (await viewRun(ledger, run)) as RunView;
    for (const { attempt, log } of view.attempts) {
      if (log === undefined) continue;
      const place = { store: ledger.store, prefix: logPrefix({ run, attempt, stage: 'test' }) };
      const verdict = await verifyLog(place, new AbortController().signal);
      expect(verdict).toMatchObject({ intact: true, manifest: log });
    }
  }
}

/** An event that comes twice, after a crash, is the same to the last byte; and nothing else has its id. */
function expectToldAlike(told: readonly KeelsonEvent[]): void {
  const first = new Map<string, string>();
  for (const event of told) {
    const bytes = JSON.stringify(event);
    expect(first.get(event.id) ?? bytes).toBe(bytes);
    first.set(event.id, bytes);
  }
  const distinct = [...first.values()].map((bytes) => JSON.parse(bytes) as KeelsonEvent);
  const things = distinct.map(
    ({ type, subject, data }) => `${type} ${subject} ${data.context.chainId} ${data.customData.attempt ?? ''}`,
  );
  expect(things).toEqual([...new Set(things)]);
}
