import { Option } from 'commander';
import type { Command } from 'commander';
import { common, count } from '../command-line';
import type { Act } from '../command-line';
import type { UpOptions } from './up';

// Loaded where they are used: the five services would slow every question down.

/** `keelson up` and `keelson run`: the two that make runs. */
export function defineRunners(root: Command, act: Act): void {
  defineUp(root, act);
  defineRun(root, act);
}

const sources =
  'path^branch or url^branch; without ^branch its default branch; the branch may be a pattern (^feature/*)';

function defineUp(root: Command, act: Act): void {
  common(root.command('up', { isDefault: true }).description('watch repositories and run their pipelines'))
    .argument('[source...]', `${sources}. No source: the repository of the current directory`)
    .option(
      '--once',
      'end when the present head of every source has its verdict: 0 green, 1 red, 2 error or nothing tested',
      false,
    )
    .addOption(
      new Option('--from <what>', 'build the present heads first, or wait for the next commit')
        .choices(['head', 'now'])
        .default('head'),
    )
    .option(
      '--port <port>',
      'of the embedded registry, on loopback; 0 for any (default: 7070, or the one it had last time)',
      count,
    )
    .option(
      '--image <reference>',
      'also watch this image tag: a push by somebody else starts a test run (repeatable)',
      collect,
      [],
    )
    .option('--jobs <count>', 'tests at once (default: the number of cores)', count)
    .option('--cancel-running', 'a newer commit also cancels a test of the same ref that is running', false)
    .option('--token-file <file>', 'a file with a token for remote repositories over https')
    .action(
      act(
        async (context, names: string[], options: UpOptions) => (await import('./up.js')).up(context, names, options),
        'new-data',
      ),
    );
}

function defineRun(root: Command, act: Act): void {
  common(root.command('run [path]').description('run the pipeline once for a working copy as it stands'))
    .option('--dirty', 'with its uncommitted and untracked (not ignored) files', false)
    .option('--port <port>', 'of the embedded registry, on loopback; 0 for any', count)
    .action(
      act(
        async (context, path: string | undefined, options: { dirty: boolean; port?: number }) =>
          (await import('./run.js')).runOnce(context, path ?? '.', options),
        'new-data',
      ),
    );
}

const collect = (value: string, before: string[]): string[] => [...before, value];
