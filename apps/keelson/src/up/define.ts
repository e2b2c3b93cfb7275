import { Option } from 'commander';
import type { Command } from 'commander';
import { common, examples, whole } from '../command-line';
import type { Acts } from '../command-line';
import type { RunOptions } from './run';
import type { UpOptions } from './up';

// Loaded where they are used: the five services would slow every question down.

/** `keelson up` and `keelson run`: the two that make runs. */
export function defineRunners(root: Command, acts: Acts): void {
  defineUp(root, acts);
  defineRun(root, acts);
}

const sources =
  'path^branch or url^branch; without ^branch its default branch; the branch may be a pattern (^feature/*)';

function defineUp(root: Command, { act }: Acts): void {
  const up = onServers(common(root.command('up').description('watch repositories and run their pipelines')))
    .argument('[source...]', `${sources}. No source: the repository of the current directory`)
    .option(
      '--once',
      'end when the present head of every source has its verdict: 0 green, 1 red, 2 error or nothing tested',
    )
    .addOption(
      new Option('--from <what>', 'build the present heads first, or wait for the next commit')
        .choices(['head', 'now'])
        .default('head'),
    )
    .option(
      '--port <port>',
      'of the embedded registry, on loopback; 0 for any (default: 7070, or the one it had last time)',
      whole(0, 65_535),
    )
    .addOption(
      new Option(
        '--image <reference>',
        'also watch this image tag: a push by somebody else starts a test run (repeatable)',
      )
        .argParser((value: string, before: string[]) => [...before, value])
        .default([], 'none'),
    )
    .option('--jobs <count>', 'tests at once (default: the number of cores)', whole(1))
    .option('--cancel-running', 'a newer commit also cancels a test of the same ref that is running')
    .option('--token-file <file>', 'a file with a token for remote repositories over https')
    .action(
      act(async (context, names: string[], options: UpOptions) =>
        (await import('./up.js')).up(context, names, options),
      ),
    );
  examples(up, [
    'keelson up',
    'keelson up ../widget --once',
    "keelson up ../widget^main https://git.example/team/gadget^'release/*'",
    'keelson up --amqp amqp://me@rabbit.example --s3 https://s3.example/ci --kube --registry registry.example/ci https://git.example/team/gadget',
  ]);
}

/** What of it is elsewhere. */
const onServers = (command: Command): Command =>
  command
    .option('--registry <prefix>', 'where images go: registry.example/team (default: the embedded registry)')
    .option('--kube', 'run tests as Jobs of the cluster that KUBECONFIG names, in the namespace KEELSON_NAMESPACE')
    .addOption(
      new Option('--service <name>', 'run only this one of the five; the others run elsewhere').choices([
        ...['watcher', 'bootstrapper', 'image-builder', 'registry-poller', 'test-runner'],
      ]),
    );

function defineRun(root: Command, { act }: Acts): void {
  const run = common(root.command('run').description('run the pipeline once for a working copy as it stands'))
    .argument('[path]', 'a directory of the working copy (default: the current directory)')
    .option('--dirty', 'with its uncommitted and untracked (not ignored) files')
    .option('--port <port>', 'of the embedded registry, on loopback; 0 for any', whole(0, 65_535))
    .action(
      act(async (context, path: string | undefined, options: RunOptions) =>
        (await import('./run.js')).runOnce(context, path ?? '.', options),
      ),
    );
  examples(run, ['keelson run --dirty', 'keelson run ../widget --json']);
}
