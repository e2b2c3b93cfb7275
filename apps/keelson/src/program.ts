import { tmpdir } from 'node:os';
import { Command, CommanderError } from 'commander';
import { DirObjectStore } from '@keelson/objects';
import { Ledger } from '@keelson/ledger';
import { common, count } from './command-line';
import type { Act, Need } from './command-line';
import { account } from './commands/account';
import { artifacts } from './commands/artifacts';
import { cancel, retry } from './commands/ask';
import { check } from './commands/check';
import type { Context } from './commands/context';
import { events } from './commands/events';
import { init } from './commands/init';
import { logs } from './commands/logs';
import { runs } from './commands/runs';
import { show } from './commands/show';
import { readEnvironment } from './config';
import { dataDirectory, prepareDataDirectory, requireDataDirectory } from './data-directory';
import { defineOldTools } from './old-tools';
import { LineOutput } from './report/output';
import { defineRunners } from './up/define';

type Common = { data?: string; json?: boolean; color: boolean };

/** Runs the command line. Resolves with the exit status. @param argv as `process.argv` */
export async function program(argv: readonly string[]): Promise<number> {
  const root = new Command('keelson')
    .description('A commit goes in, a tested image and its evidence come out.')
    .showHelpAfterError('(--help shows what there is)')
    .exitOverride();
  let status = 0;
  const act: Act = (work, need = 'data') =>
    async function (this: Command, ...args: unknown[]): Promise<void> {
      const positional = args.slice(0, -1) as never[];
      status = (await work(await contextOf(this.optsWithGlobals<Common>(), need), ...positional)) ?? 0;
    };
  defineRunners(root, act);
  defineQuestions(root, act);
  defineFiles(root, act);
  defineOldTools(root);
  try {
    await root.parseAsync([...argv]);
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    throw error;
  }
  return status;
}

async function contextOf(options: Common, need: Need): Promise<Context> {
  const environment = readEnvironment();
  const data = dataDirectory(options.data ?? environment.data, process.cwd());
  if (need === 'new-data') await prepareDataDirectory(data);
  if (need === 'data') await requireDataDirectory(data);
  const ended = new AbortController();
  return {
    data,
    // A command that needs no data must leave none behind.
    ledger: new Ledger(await DirObjectStore.open(need === 'none' ? tmpdir() : data.objects)),
    output: new LineOutput(process.stdout),
    problems: new LineOutput(process.stderr),
    isJson: options.json === true,
    isColoured: options.color && !environment.noColor && process.stdout.isTTY,
    signal: ended.signal,
  };
}

function defineQuestions(root: Command, act: Act): void {
  common(root.command('runs').description('list the runs, the newest last'))
    .option('-n, --limit <count>', 'how many; 0 for all', count, 20)
    .action(act((context, options: { limit: number }) => runs(context, options)));
  common(root.command('show <run>').description('all that is known of a run (its name, its id, or `last`)')).action(
    act((context, run: string) => show(context, run)),
  );
  common(root.command('logs <run>').description("a run's output"))
    .option('--stage <stage>', 'of which stage', 'test')
    .option('--attempt <number>', 'of which attempt (default: the last)', count)
    .option('-f, --follow', 'go on until it ends', false)
    .option('--raw', 'the bytes as they are, control characters included', false)
    .action(act((context, run: string, options) => logs(context, run, options)));
  common(
    root.command('account').description('what became of every commit; exit status 1 if something is unexplained'),
  ).action(act(account));
  common(root.command('events').description('every event published, oldest first'))
    .option('-f, --follow', 'go on with new ones', false)
    .action(act((context, options: { follow: boolean }) => events(context, options)));
  common(root.command('retry <run>').description('ask for another attempt'))
    .option('--from <stage>', 'source, build, publish or test (default: the stage that ended the last attempt)')
    .action(act((context, run: string, options: { from?: string }) => retry(context, run, options)));
  common(root.command('cancel <run>').description('ask for a run to end now')).action(
    act((context, run: string) => cancel(context, run)),
  );
}

function defineFiles(root: Command, act: Act): void {
  common(root.command('artifacts <run>').description('fetch the files kept with a run'))
    .option('--to <dir>', 'where to put them', '.')
    .option('--attempt <number>', 'of which attempt (default: the last that kept any)', count)
    .action(act((context, run: string, options) => artifacts(context, run, options)));
  common(root.command('init [path]').description('write a .keelson.yaml that fits the repository')).action(
    act((context, path: string | undefined) => init(context, path ?? '.'), 'none'),
  );
  common(root.command('check [file]').description('validate a pipeline file; exit status 1 if it has faults')).action(
    act((context, file: string | undefined) => check(context, file ?? '.keelson.yaml'), 'none'),
  );
}
