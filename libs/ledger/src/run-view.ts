import { stageName } from '@keelson/events';
import type { Reason, RunOutcome, StageName } from '@keelson/events';
import { beginKey, buildVerifiedKey, changeKey, endKey, stageEndedKey, stageStartedKey } from './keys';
import type { Ledger } from './ledger';
import type { BeginRecord, BuildVerified, EndRecord, MovedBase, StageEnded } from './records';

/** What people call an outcome: the four of a record, `skipped` (a cancel of ours, with that reason) and `running`. */
export type ShownOutcome = RunOutcome | 'skipped' | 'running';

export type StageView = {
  stage: StageName;
  outcome: ShownOutcome;
  startedAt?: string;
  endedAt?: string;
  /** Milliseconds from start to end, when both are known; not when the clock was set back in between. */
  tookMs?: number;
  reason?: Reason;
  exitCode?: number;
};

/** One attempt of a run, joined from its records. */
export type AttemptView = {
  attempt: number;
  outcome: ShownOutcome;
  reason?: Reason;
  openedAt?: string;
  endedAt?: string;
  stages: readonly StageView[];
  image?: NonNullable<StageEnded['image']>;
  snapshot?: NonNullable<StageEnded['snapshot']>;
  log?: NonNullable<StageEnded['log']>;
  /** Of a Dockerfile: its steps and bases. */
  build?: NonNullable<StageEnded['build']>;
  /** Whether the same build without cache gave the same files, where that was tried. */
  verified?: BuildVerified;
  artifacts: NonNullable<StageEnded['artifacts']>;
  warnings: readonly string[];
};

/** A run as `show` tells it: what it is, and its attempts, the last one last. */
export type RunView = Pick<BeginRecord, 'run' | 'name' | 'source' | 'ref' | 'commit' | 'sequence'> & {
  outcome: ShownOutcome;
  reason?: Reason;
  /** Why there is this run: the bases that had moved. */
  rebuiltFor?: readonly MovedBase[];
  attempts: readonly AttemptView[];
};

/** Of an end record, what people call it. */
export function shownOutcome(end: EndRecord | undefined): ShownOutcome {
  if (end === undefined) return 'running';
  return end.reason?.code === 'skipped' ? 'skipped' : end.outcome;
}

/** The run joined from its records; undefined when none of its attempts has a record yet. */
export async function viewRun(ledger: Ledger, run: string): Promise<RunView | undefined> {
  const attempts: AttemptView[] = [];
  let about: BeginRecord | EndRecord | undefined;
  for (const attempt of await ledger.attempts(run)) {
    const begin = await ledger.read(beginKey(run, attempt));
    const end = await ledger.read(endKey(run, attempt));
    about ??= begin ?? end;
    attempts.push(await viewAttempt(ledger, { run, attempt, begin, end }));
  }
  const last = attempts.at(-1);
  if (about === undefined || last === undefined) return undefined;
  const { name, source, ref, commit, sequence } = about;
  const change = await ledger.read(changeKey(source, ref, sequence));
  return {
    ...{ run, name, source, ref, commit, sequence, outcome: last.outcome, attempts },
    ...(last.reason === undefined ? {} : { reason: last.reason }),
    ...(change?.bases === undefined ? {} : { rebuiltFor: change.bases }),
  };
}

type AttemptRecords = { run: string; attempt: number; begin: BeginRecord | undefined; end: EndRecord | undefined };

async function viewAttempt(ledger: Ledger, records: AttemptRecords): Promise<AttemptView> {
  const { run, attempt, begin, end } = records;
  const stages: StageView[] = [];
  const ended: StageEnded[] = [];
  for (const stage of stageName.options) {
    const work = { run, attempt, stage };
    const [started, done] = await Promise.all([ledger.read(stageStartedKey(work)), ledger.read(stageEndedKey(work))]);
    if (done !== undefined) ended.push(done);
    if (started !== undefined || done !== undefined) stages.push(viewStage(stage, started?.startedAt, done));
  }
  const verified = await ledger.read(buildVerifiedKey({ run, attempt }));
  return {
    ...{ attempt, outcome: shownOutcome(end), stages },
    ...(end?.reason === undefined ? {} : { reason: end.reason }),
    ...(begin === undefined ? {} : { openedAt: begin.openedAt }),
    ...(end === undefined ? {} : { endedAt: end.endedAt }),
    ...evidence(ended, verified),
  };
}

/** What the stages left behind: the last one that knows a thing tells it. */
function evidence(ended: readonly StageEnded[], verified: BuildVerified | undefined) {
  const { image, snapshot, log, build }: Partial<StageEnded> = Object.assign({}, ...ended);
  return {
    ...(image === undefined ? {} : { image }),
    ...(snapshot === undefined ? {} : { snapshot }),
    ...(log === undefined ? {} : { log }),
    ...(build === undefined ? {} : { build }),
    ...(verified === undefined ? {} : { verified }),
    artifacts: ended.flatMap((stage) => stage.artifacts ?? []),
    warnings: ended.flatMap((stage) => stage.warnings ?? []),
  };
}

function viewStage(stage: StageName, startedAt: string | undefined, done: StageEnded | undefined): StageView {
  if (done === undefined) return { stage, outcome: 'running', ...(startedAt === undefined ? {} : { startedAt }) };
  const tookMs = Date.parse(done.endedAt) - Date.parse(done.startedAt);
  return {
    stage,
    outcome: done.reason?.code === 'skipped' ? 'skipped' : done.outcome,
    startedAt: done.startedAt,
    endedAt: done.endedAt,
    ...(tookMs < 0 ? {} : { tookMs }),
    ...(done.reason === undefined ? {} : { reason: done.reason }),
    ...(done.exitCode === undefined ? {} : { exitCode: done.exitCode }),
  };
}
