import { rm } from 'node:fs/promises';
import { constants } from 'node:os';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { composeEvent, eventTypes, newRunId } from '@keelson/events';
import type { Event, EventOf } from '@keelson/events';
import { openRepository, worktreeCommit } from '@keelson/git';
import { viewRun } from '@keelson/ledger';
import { onTermination } from '@keelson/service';
import { liveBus } from '../bus-access';
import type { BusAccess } from '../bus-access';
import type { Context, DataContext } from '../commands/context';
import { openData } from '../open-data';
import { UsageError } from '../usage-error';
import { startMachine } from './machine';
import type { NotStopped } from './machine';
import { statusOf } from './once';
import { Telling } from './telling';
import type { Told } from './telling';

export type RunOptions = { dirty?: boolean; port?: number };

/** The ref under which working copies are run: it is nobody's branch. */
const worktreeRef = 'refs/keelson/worktree';

/** `keelson run [PATH] [--dirty]`: the whole pipeline once for a working copy as it stands. Resolves with the exit status. */
export async function runOnce(plain: Context, directory: string, options: RunOptions): Promise<number> {
  const repository = await openRepository(path.resolve(directory), { upwards: true });
  const source = repository.workTree;
  if (source === undefined) throw new UsageError(`${directory} is a bare repository: it has no working copy to run`);
  const context = await openData(plain);
  const run = newRunId();
  const objects = path.join(context.data.git, 'worktrees', run);
  const frozen = await worktreeCommit(repository, { dirty: options.dirty === true, directory: objects });
  const telling = new Telling(context);
  for (const warning of frozen.warnings) telling.notice(source, warning);
  const worker = await workerFor(context, telling, options);
  try {
    const verdict = verdictOf({ context, telling, worker }, run);
    await worker.bus.publish([requested({ run, source, ref: worktreeRef, commit: frozen.commit })]);
    return await verdict;
  } finally {
    for (const { name, why } of await worker.close()) await context.problems.write(`keelson: ${name} ${why}`);
    await rm(objects, { recursive: true, force: true }); // frozen in the snapshot by now
  }
}

/** Who works on the run: the `up` that has the data directory, or, when there is none, this process. */
type Worker = Omit<Told, 'only'> & {
  bus: Pick<BusAccess, 'publish' | 'replay'>;
  close: () => Promise<readonly NotStopped[]>;
};

async function workerFor(context: DataContext, telling: Telling, options: RunOptions): Promise<Worker> {
  const live = await liveBus(context.data);
  if (live !== undefined) return { bus: live, close: () => live.close().then(() => []) };
  const machine = await startMachine({
    ...{ context, sources: [], from: 'now', port: options.port, images: [], testLimit: undefined },
    ...{ cancelRunning: false, tokenFile: undefined, isFollowingRecords: false },
    ...{ registry: undefined, kube: false, service: undefined },
    notice: (about, message) => telling.notice(about, message),
    looked: () => undefined,
    unreadable: () => undefined,
    began: () => undefined,
  });
  return { bus: machine.bus, puts: machine.puts, close: machine.close };
}

/** How long a run that we were asked to end may take to do so. */
const cancelMs = 5_000;

/** Tells what happens until this run has ended. Ctrl-C ends it. */
function verdictOf(
  { context, telling, worker }: { context: DataContext; telling: Telling; worker: Worker },
  run: string,
): Promise<number> {
  const ended = new AbortController();
  return new Promise<number>((resolve, reject) => {
    let interrupted: number | undefined;
    const conclude = (status: number) => {
      ended.abort();
      resolve(interrupted ?? status);
    };
    onTermination((signal) => {
      interrupted = 128 + constants.signals[signal];
      telling.now('keelson', 'ending; Ctrl-C again ends at once');
      setTimeout(() => conclude(2), cancelMs).unref();
      cancelWhenBegun({ context, worker }, run, ended.signal).catch(reject);
    });
    const look = async () => {
      const view = await viewRun(context.ledger, run);
      if (view !== undefined && view.outcome !== 'running') conclude(statusOf(view.outcome, view.reason?.code));
    };
    telling.listen({ ...worker, only: run }, look, ended.signal);
  });
}

/** Nothing that has not begun can be cancelled: the request to run it may still be on its way. */
async function cancelWhenBegun(
  { context, worker }: { context: DataContext; worker: Worker },
  run: string,
  signal: AbortSignal,
): Promise<void> {
  while ((await context.ledger.attempts(run)).length === 0) {
    if (signal.aborted) return;
    await pause(20);
  }
  await worker.bus.publish([cancelled(run)]);
}

const frame = (run: string) => ({ service: 'command', subjectId: run, content: {}, time: new Date().toISOString() });

const requested = (of: EventOf<typeof eventTypes.runRequested>['data']['customData']): Event =>
  composeEvent({
    ...{ type: eventTypes.runRequested, work: { run: of.run, attempt: 1, stage: 'source' }, customData: of },
    ...frame(of.run),
  });

const cancelled = (run: string): Event =>
  composeEvent({
    ...{ type: eventTypes.runCancelled, work: { run, attempt: 1, stage: 'test' }, customData: { run } },
    ...frame(run),
  });
