import { rm } from 'node:fs/promises';
import path from 'node:path';
import { composeEvent, eventTypes, newRunId } from '@keelson/events';
import type { Event, EventOf } from '@keelson/events';
import { openRepository, worktreeCommit } from '@keelson/git';
import { viewRun } from '@keelson/ledger';
import { onTermination } from '@keelson/service';
import type { Context } from '../commands/context';
import { UsageError } from '../usage-error';
import { startMachine } from './machine';
import type { Machine } from './machine';
import { statusOf } from './once';
import { Telling } from './telling';

/** The ref under which working copies are run: it is nobody's branch. */
const worktreeRef = 'refs/keelson/worktree';

/** `keelson run [PATH] [--dirty]`: the whole pipeline once for a working copy as it stands. Resolves with the exit status. */
export async function runOnce(
  context: Context,
  directory: string,
  options: { dirty: boolean; port?: number },
): Promise<number> {
  const repository = await openRepository(path.resolve(directory), { upwards: true });
  const source = repository.workTree;
  if (source === undefined) throw new UsageError(`${directory} is a bare repository: it has no working copy to run`);
  const run = newRunId();
  const objects = path.join(context.data.git, 'worktrees', run);
  const frozen = await worktreeCommit(repository, { dirty: options.dirty, directory: objects });
  const telling = new Telling(context);
  for (const warning of frozen.warnings) telling.notice(source, warning);
  const machine = await startMachine({
    ...{
      context,
      sources: [],
      from: 'now',
      port: options.port,
      images: [],
      testLimit: undefined,
      cancelRunning: false,
    },
    ...{
      tokenFile: undefined,
      notice: (about, message) => telling.notice(about, message),
      looked: () => undefined,
      unreadable: () => undefined,
    },
  });
  try {
    const verdict = verdictOf({ context, telling, machine }, run);
    await machine.bus.publish([requested({ run, source, ref: worktreeRef, commit: frozen.commit })]);
    return await verdict;
  } finally {
    await machine.close();
    await rm(objects, { recursive: true, force: true }); // frozen in the snapshot by now
  }
}

/** Tells what happens until this run has ended, or somebody ends us. */
function verdictOf(of: { context: Context; telling: Telling; machine: Machine }, run: string): Promise<number> {
  const { context, telling, machine } = of;
  const ended = new AbortController();
  return new Promise<number>((resolve, reject) => {
    onTermination(() => {
      ended.abort();
      resolve(2);
    });
    const look = async () => {
      const view = await viewRun(context.ledger, run);
      if (view !== undefined && view.outcome !== 'running') resolve(statusOf(view.outcome, view.reason?.code));
    };
    telling.follow(machine, look, ended.signal).catch(reject);
  });
}

const requested = (of: EventOf<typeof eventTypes.runRequested>['data']['customData']): Event =>
  composeEvent({
    ...{ type: eventTypes.runRequested, work: { run: of.run, attempt: 1, stage: 'source' }, service: 'command' },
    ...{ subjectId: of.run, content: {}, time: new Date().toISOString(), customData: of },
  });
