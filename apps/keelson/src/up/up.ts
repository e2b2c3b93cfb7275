import { constants } from 'node:os';
import { parseSource, SourceError } from '@keelson/git';
import type { Source } from '@keelson/git';
import { Watches } from '@keelson/ledger';
import { parseImageReference } from '@keelson/registry';
import { onTermination } from '@keelson/service';
import type { Context, DataContext } from '../commands/context';
import { requireDataDirectory } from '../data-directory';
import { openData, openLedger } from '../open-data';
import type { TestPlace } from '../report/event-text';
import { UsageError } from '../usage-error';
import { Outset } from './outset';
import { startMachine } from './machine';
import type { MachineOptions, ServiceName } from './machine';
import { checkServers } from './check-servers';
import type { TemplateWishes } from './job-templates';
import { Once } from './once';
import { untilPutAway } from './put-away';
import { Telling } from './telling';

export type UpOptions = {
  once?: boolean;
  from: 'head' | 'now';
  port?: number;
  image: readonly string[];
  jobs?: number;
  cancelRunning?: boolean;
  tokenFile?: string;
  registry?: string;
  kube?: boolean;
  service?: ServiceName;
  /** For repositories over https that ask who we are. */
  token?: string;
  /** What is asked of Job templates besides what the commits say. */
  templates?: TemplateWishes;
};

/** `keelson up [SOURCE...]`: all five services, until Ctrl-C or, with --once, until every present head has its verdict. */
export async function up(plain: Context, names: readonly string[], options: UpOptions): Promise<number> {
  // Before anything is made: a mistake in the command line leaves nothing behind.
  if (options.once === true && options.from === 'now') throw new UsageError(nothingToTest);
  const sources = await parseSources(plain, names, options);
  options.image.forEach(parseImageReference);
  checkServers(plain.data.servers, options, sources);
  const context = await openData(plain);
  const telling = new Telling(context, testPlaceOf(options));
  const interrupted = new AbortController();
  const asked = new Promise<number>((resolve) => {
    onTermination((signal) => {
      telling.now('keelson', 'ending; Ctrl-C again ends at once');
      interrupted.abort();
      resolve(options.once === true ? 128 + constants.signals[signal] : 0);
    });
  });
  const once = new Once(context.ledger, sources.map(keyOf));
  const machine = await startMachine({
    ...machineOptions({ context, sources, options, telling, once }),
    began: (begun) => {
      telling.header(sources, begun.registryAddress);
      telling.listen(begun, (event) => once.event(event), interrupted.signal);
    },
  });
  try {
    if (options.once !== true) return await asked;
    const status = await Promise.race([once.status, asked]);
    await untilPutAway(context.ledger, { withinMs: putAwayMs, signal: interrupted.signal });
    return status;
  } finally {
    interrupted.abort();
    for (const { name, why } of await machine.close()) await context.problems.write(`keelson: ${name} ${why}`);
  }
}

/** Another process may have the tests of our runs done in its own way. */
function testPlaceOf({ kube, service = 'test-runner' }: UpOptions): TestPlace {
  if (service !== 'test-runner') return 'elsewhere';
  return kube === true ? 'cluster' : 'machine';
}

/** With --once: longer than it takes to see that a run was cancelled, and to stop its job. */
const putAwayMs = 60_000;

type Wiring = {
  context: DataContext;
  sources: readonly Source[];
  options: UpOptions;
  telling: Telling;
  once: Once;
};

function machineOptions({ context, sources, options, telling, once }: Wiring): Omit<MachineOptions, 'began'> {
  const outset = new Outset(context.ledger, telling, { isOnce: options.once === true });
  return {
    ...{ context, sources, from: options.from, port: options.port, images: options.image, testLimit: options.jobs },
    // With --once it ends when what was named has its verdict.
    isFollowingRecords: options.once !== true,
    ...{ cancelRunning: options.cancelRunning === true, tokenFile: options.tokenFile },
    ...{ registry: options.registry, kube: options.kube === true, service: options.service },
    ...{ token: options.token, templates: options.templates },
    notice: (about, message) => telling.notice(about, message),
    unreadable: (source, failures, isPassing) => {
      if (!isPassing || failures >= patientLooks) void telling.inOrder(() => once.unreadable(keyOf(source)));
    },
    looked: (source, changes) => {
      void telling.inOrder(async () => {
        await outset.looked(source, changes);
        if (options.once === true && changes.length === 0)
          await telling.say(source.name, 'nothing to build; --once does not wait for it');
        // It reads every head's run: without --once nobody asks.
        if (options.once === true) await once.looked(keyOf(source), changes);
      });
    },
  };
}

const nothingToTest =
  '--once tests the present heads and ends, and --from now leaves just those out: nothing would be tested; leave one of the two away';

/** With --once: looks in vain at a repository that is away before it counts as an error. */
const patientLooks = 3;

/** One repository may be watched by several patterns. */
const keyOf = ({ name, pattern }: Source): string => `${name}^${pattern ?? ''}`;

async function parseSources(
  context: Context,
  names: readonly string[],
  { once = false }: UpOptions,
): Promise<readonly Source[]> {
  try {
    const wanted = names.length === 0 ? ['.'] : names;
    const sources = await Promise.all(wanted.map((name) => parseSource(name, { cwd: process.cwd() })));
    return [...new Map(sources.map((source) => [keyOf(source), source])).values()];
  } catch (error) {
    // Nothing was named, and there is none here: the sources that were asked for before are enough.
    if (error instanceof SourceError && names.length === 0 && !once && (await hasWatched(context))) return [];
    throw error;
  }
}

/** Whether a data directory that is there says what to watch. */
async function hasWatched({ data }: Context): Promise<boolean> {
  await requireDataDirectory(data);
  return (await new Watches(await openLedger(data)).current()).some(({ isWatched }) => isWatched);
}
