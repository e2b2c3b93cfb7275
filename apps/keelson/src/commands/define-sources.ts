import type { Command } from 'commander';
import { common, examples } from '../command-line';
import type { Acts } from '../command-line';

/** The commands that say what is to be watched while `keelson up` runs. */
export function defineSources(root: Command, { ask }: Acts): void {
  examples(
    common(root.command('watch').description('watch further repositories, from now on and after restarts'))
      .argument('<source...>', 'path^branch or url^branch, as for `keelson up`')
      .action(ask(async (context, names: string[]) => (await import('./sources.js')).watch(context, names))),
    [
      'keelson watch ../widget',
      "keelson watch https://git.example/team/gadget^'release/*'",
      'keelson watch --job-template ci.yaml https://git.example/team/gadget^main   (as git-watch; -h lists its options)',
    ],
  );
  examples(
    common(root.command('unwatch').description('watch repositories no more; what they started goes on'))
      .argument('<source...>', 'as it was named to `keelson watch`')
      .action(ask(async (context, names: string[]) => (await import('./sources.js')).unwatch(context, names))),
    ['keelson unwatch ../widget'],
  );
  examples(
    common(root.command('sources').description('the repositories that are known, and which are watched')).action(
      ask(async (context) => (await import('./sources.js')).sources(context)),
    ),
    ['keelson sources', 'keelson sources --json'],
  );
}
