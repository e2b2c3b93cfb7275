import type { Command } from 'commander';
import { common, examples, whole } from '../command-line';
import type { Acts } from '../command-line';

// Each loads what it needs when it is called: most need little.

const runArgument = 'its name, its id or at least 8 characters of its beginning, or `last`';

/** The commands that ask what happened, or ask for something to happen. */
export function defineQuestions(root: Command, acts: Acts): void {
  defineRecords(root, acts);
  defineLogs(root, acts);
  defineRequests(root, acts);
}

function defineRecords(root: Command, { ask }: Acts): void {
  examples(
    common(root.command('runs').description('list the runs, the newest last'))
      .option('-n, --limit <count>', 'how many; 0 for all', whole(0), 20)
      .action(ask(async (context, options: { limit: number }) => (await import('./runs.js')).runs(context, options))),
    ['keelson runs', 'keelson runs --json -n 0'],
  );
  examples(
    common(root.command('show').description('all that is known of a run'))
      .argument('<run>', runArgument)
      .option(
        '--rendered <stage>',
        'what the Job template of this stage was rendered to, secrets masked: build or test',
      )
      .action(ask(async (context, run: string, options) => (await import('./show.js')).show(context, run, options))),
    ['keelson show last', 'keelson show calm-otter-42 --json', 'keelson show last --rendered build'],
  );
  examples(
    common(
      root.command('account').description('what became of every commit; exit status 1 if something is unexplained'),
    ).action(ask(async (context) => (await import('./account.js')).account(context))),
    ['keelson account'],
  );
}

function defineLogs(root: Command, { ask }: Acts): void {
  examples(
    common(root.command('logs').description("a run's output"))
      .argument('<run>', runArgument)
      .option('--stage <stage>', 'of which stage', 'test')
      .option('--attempt <number>', 'of which attempt (default: the last)', whole(1))
      .option('-f, --follow', 'go on until the output ends')
      .option('-t, --times', 'each line with its time')
      .option('--raw', 'the bytes as they are, control characters included')
      .action(ask(async (context, run: string, options) => (await import('./logs.js')).logs(context, run, options))),
    ['keelson logs last', 'keelson logs last -f', 'keelson logs calm-otter-42 --attempt 1 --raw > output'],
  );
}

function defineRequests(root: Command, { ask }: Acts): void {
  examples(
    common(root.command('retry').description('ask for another attempt of a run that has ended'))
      .argument('<run>', runArgument)
      .option('--from <stage>', 'source, build, publish or test (default: the stage that ended the last attempt)')
      .action(
        ask(async (context, run: string, options: { from?: string }) =>
          (await import('./ask.js')).retry(context, run, options),
        ),
      ),
    ['keelson retry last', 'keelson retry calm-otter-42 --from test'],
  );
  examples(
    common(root.command('cancel').description('ask for a run to end now'))
      .argument('<run>', runArgument)
      .action(ask(async (context, run: string) => (await import('./ask.js')).cancel(context, run))),
    ['keelson cancel last'],
  );
}
