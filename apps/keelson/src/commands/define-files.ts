import type { Command } from 'commander';
import { common, examples, whole } from '../command-line';
import type { Acts } from '../command-line';
import { artifacts } from './artifacts';
import { check } from './check';
import { init } from './init';

/** The commands that write or read files of the person's own. */
export function defineFiles(root: Command, { act, ask }: Acts): void {
  examples(
    common(root.command('artifacts').description('fetch the files kept with a run'))
      .argument('<run>', 'its name, its id or at least 8 characters of its beginning, or `last`')
      .option('--to <dir>', 'where to put them (default: ./<name of the run>)')
      .option('--attempt <number>', 'of which attempt (default: the last that kept any)', whole(1))
      .action(ask((context, run: string, options) => artifacts(context, run, options))),
    ['keelson artifacts last --to out'],
  );
  examples(
    common(root.command('init').description('write a .keelson.yaml that fits the repository'))
      .argument('[path]', 'the top of the repository (default: the current directory)')
      .action(act((context, path: string | undefined) => init(context, path ?? '.'))),
    ['keelson init', 'keelson init ../widget'],
  );
  examples(
    common(root.command('check').description('validate a pipeline file; exit status 1 if it has faults'))
      .argument('[file]', 'the file, or the directory it is in (default: ./.keelson.yaml)')
      .action(act((context, file: string | undefined) => check(context, file ?? '.'))),
    ['keelson check', 'keelson check ../widget/.keelson.yaml --json'],
  );
}
