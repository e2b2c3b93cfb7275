import { parseSource } from '@keelson/git';
import type { Source } from '@keelson/git';
import { viewRun } from '@keelson/ledger';
import type { ChangeRecord } from '@keelson/ledger';
import { onTermination } from '@keelson/service';
import type { Context } from '../commands/context';
import { startMachine } from './machine';
import { Once } from './once';
import { Telling } from './telling';

export type UpOptions = {
  once: boolean;
  from: 'head' | 'now';
  port?: number;
  image: readonly string[];
  jobs?: number;
  cancelRunning: boolean;
  tokenFile?: string;
};

/** `keelson up [SOURCE...]`: all five services, until Ctrl-C or, with --once, until every present head has its verdict. */
export async function up(context: Context, names: readonly string[], options: UpOptions): Promise<number> {
  const sources = await parseSources(names);
  const telling = new Telling(context);
  const interrupted = new AbortController();
  const asked = new Promise<number>((resolve) => {
    onTermination(() => {
      telling.notice('keelson', 'ending; Ctrl-C again ends at once');
      interrupted.abort();
      resolve(0);
    });
  });
  const once = new Once(
    context.ledger,
    sources.map((source) => keyOf(source)),
  );
  const machine = await startMachine({
    ...{ context, sources, from: options.from, port: options.port, images: options.image, testLimit: options.jobs },
    ...{ cancelRunning: options.cancelRunning, tokenFile: options.tokenFile },
    notice: (about, message) => telling.notice(about, message),
    unreadable: (source, failures, isPassing) => {
      if (!isPassing || failures >= patientLooks) void telling.inOrder(() => once.unreadable(keyOf(source)));
    },
    looked: (source, changes) => {
      void telling.inOrder(async () => {
        if (options.once) await tellEnded(telling, context, changes);
        await once.looked(keyOf(source), changes);
      });
    },
  });
  try {
    await telling.begin(machine, sources);
    const told = telling.follow(machine, (event) => once.event(event), interrupted.signal);
    const status = await Promise.race([options.once ? once.status : never, asked, told.then(() => asked)]);
    return status;
  } finally {
    interrupted.abort();
    for (const { name, why } of await machine.close()) await context.problems.write(`keelson: ${name} ${why}`);
  }
}

/** With --once: looks in vain at a repository that is away before it counts as an error. */
const patientLooks = 3;

const never = new Promise<never>(() => undefined);

/** One repository may be watched by several patterns. */
const keyOf = ({ name, pattern }: Source): string => `${name}^${pattern ?? ''}`;

async function parseSources(names: readonly string[]): Promise<readonly Source[]> {
  const sources = await Promise.all(
    (names.length === 0 ? ['.'] : names).map((name) => parseSource(name, { cwd: process.cwd() })),
  );
  return [...new Map(sources.map((source) => [keyOf(source), source])).values()];
}

/** With --once a head that has its verdict already is told from the records: no event will. */
async function tellEnded(telling: Telling, context: Context, changes: readonly ChangeRecord[]): Promise<void> {
  for (const { run } of changes) {
    const view = await viewRun(context.ledger, run);
    if (view !== undefined && view.outcome !== 'running') await telling.verdictStands(view);
  }
}
