import { Command, CommanderError } from 'commander';
import { version } from '../package.json';
import { defineFiles } from './commands/define-files';
import { defineImages } from './commands/define-images';
import { defineOperations } from './commands/define-operations';
import { defineQuestions } from './commands/define-questions';
import { defineTopology } from './commands/define-topology';
import { defineSources } from './commands/define-sources';
import type { Acts } from './command-line';
import type { Asking, Context } from './commands/context';
import { readEnvironment } from './config';
import { dataDirectory, requireDataDirectory } from './data-directory';
import { interruption } from './interruption';
import { defineOldTools } from './old-tools';
import { onServers } from './on-servers';
import type { ServerOptions } from './on-servers';
import { LineOutput } from './report/output';
import { defineRunners } from './up/define';

type Common = ServerOptions & { data?: string; json?: boolean; color: boolean };

/** Runs the command line. Resolves with the exit status. @param argv as `process.argv` */
export async function program(argv: readonly string[]): Promise<number> {
  let status = 0;
  const keep = (ended: unknown) => {
    status = typeof ended === 'number' ? ended : 0;
  };
  const root = new Command('keelson')
    .description('A commit goes in, a tested image and its evidence come out.')
    .version(version, '-V, --version', 'the version of this keelson')
    .configureOutput({ outputError: (text, write) => write(text.replace(/^error: /, 'keelson: ')) })
    .showHelpAfterError('(--help shows what there is)')
    .exitOverride();
  const acts: Acts = {
    act: (work) =>
      async function (this: Command, ...args: unknown[]): Promise<void> {
        keep(await work(contextOf(this.optsWithGlobals()), ...positional(args)));
      },
    ask: (work) =>
      async function (this: Command, ...args: unknown[]): Promise<void> {
        keep(await asking(contextOf(this.optsWithGlobals()), (context) => work(context, ...positional(args))));
      },
  };
  defineRunners(root, acts);
  defineSources(root, acts);
  defineQuestions(root, acts);
  defineOperations(root, acts);
  defineImages(root, acts);
  defineTopology(root, acts);
  defineFiles(root, acts);
  defineOldTools(root);
  try {
    await root.parseAsync([...argv]);
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    throw error;
  }
  return status;
}

/** Commander hands over arguments, then options, then the command itself. */
const positional = (args: readonly unknown[]) => args.slice(0, -1) as never[];

function contextOf(options: Common): Context {
  const environment = readEnvironment();
  return {
    data: dataDirectory(options.data ?? environment.data, process.cwd(), onServers(options, environment.variables)),
    output: new LineOutput(process.stdout),
    problems: new LineOutput(process.stderr),
    isJson: options.json === true,
    isColoured: options.color && !environment.noColor && process.stdout.isTTY,
  };
}

/** Asks a data directory, until it is answered, interrupted, or nobody reads the answer any more. */
async function asking(context: Context, work: (asking: Asking) => Promise<unknown>): Promise<unknown> {
  await requireDataDirectory(context.data);
  const { openLedger } = await import('./open-data.js');
  const ledger = await openLedger(context.data);
  const { signal, status } = interruption(context.output.gone);
  try {
    const ended = await work({ ...context, ledger, signal });
    return status() ?? ended;
  } catch (error) {
    if (signal.aborted) return status();
    throw error;
  }
}
