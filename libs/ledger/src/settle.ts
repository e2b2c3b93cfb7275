import type { Event, Reason, RunData, RunOutcome, StageName } from '@keelson/events';
import { stageEndedKey } from './keys';
import type { Ledger } from './ledger';
import type { EndRecord, StageEnded } from './records';
import { endRun, runFinished } from './run-end';
import { runName } from './run-name';

/** Who works on what: enough to end the run in its name. */
export type Work = {
  run: RunData;
  stage: StageName;
  service: string;
  /** Now, RFC 3339. */
  now: string;
};

/** The part of run data that records repeat, whatever else the event carried. */
export const runFields = ({ run, attempt, source, ref, commit, sequence }: RunData): RunData => ({
  ...{ run, attempt, source, ref, commit, sequence },
});

/**
 * Whether there is nothing left to do for this run, asked by every stage before it works: the events to answer with when
 * its attempt has ended or a newer change of its ref is known (which ends it here); undefined when the stage may work.
 */
export async function settled(ledger: Ledger, work: Work): Promise<readonly Event[] | undefined> {
  const standing = await ledger.standing(work.run);
  switch (standing.kind) {
    case 'open':
      return undefined;
    case 'ended':
      return standing.end.endedBy === work.service ? [runFinished(standing.end)] : [];
    case 'superseded':
      return endRun(ledger, endOf(work, 'cancel', superseded(standing.by)));
  }
}

/** The reason of a run that a newer change made pointless. */
export const superseded = (by: { sequence: number; commit: string | null }): Reason => ({
  code: 'superseded',
  message: `change ${by.sequence} (${by.commit?.slice(0, 12) ?? 'deleted'}) of the same ref is newer`,
});

/** The end record for work that ends now. */
export function endOf(work: Work, outcome: RunOutcome, reason?: Reason): EndRecord {
  return {
    ...runFields(work.run),
    ...{ name: runName(work.run.run), outcome, stage: work.stage, endedBy: work.service, endedAt: work.now },
    ...(reason === undefined ? {} : { reason }),
  };
}

/** Ends a stage that did not succeed, and its attempt with it. Returns what to publish. */
export async function concludeRun(ledger: Ledger, work: Work, ended: StageEnded): Promise<readonly Event[]> {
  const { record } = await ledger.write(stageEndedKey({ ...work.run, stage: work.stage }), ended);
  return endRunWith(ledger, work, record);
}

/** Ends an attempt with a stage whose end is recorded. Returns what to publish. */
export function endRunWith(ledger: Ledger, work: Work, ended: StageEnded): Promise<readonly Event[]> {
  return endRun(ledger, { ...endOf(work, ended.outcome, ended.reason), endedAt: ended.endedAt });
}
