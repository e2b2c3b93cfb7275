import type { Command } from 'commander';
import { common, examples } from '../command-line';
import type { Acts } from '../command-line';
import type { MirrorOptions } from './mirror';

/** The commands about images: what they are built on, and where they are. */
export function defineImages(root: Command, acts: Acts): void {
  defineBases(root, acts);
  defineMirror(root, acts);
}

function defineBases(root: Command, { ask }: Acts): void {
  examples(
    common(root.command('bases').description('base images in use, and what waits to be built again on them')).action(
      ask(async (context) => (await import('./bases.js')).bases(context)),
    ),
    ['keelson bases', 'keelson bases --json'],
  );
}

function defineMirror(root: Command, { act }: Acts): void {
  const mirror = common(
    root.command('mirror').description('copy images from registry to registry, as for one without a way out'),
  )
    .argument(
      '<list>',
      'a file with an image on each line, and behind it another name where it is to have one; - reads the standard input',
    )
    .option('--to <prefix>', 'where images go that have no other name: registry.example/mirror')
    .option(
      '--platform <platform>',
      'of images for several, only this one, like linux/amd64 (repeatable; default: all)',
      (value: string, before: string[]) => [...before, value],
      [],
    )
    .option('--dry-run', 'only tell what would be copied')
    .action(
      act(async (context, file: string, options: MirrorOptions) =>
        (await import('./mirror.js')).mirror(context, file, options),
      ),
    );
  examples(mirror, [
    'keelson mirror images.txt --to registry.internal/mirror --dry-run',
    'keelson bases --json | jq -r .reference | sort -u | keelson mirror - --to registry.internal/mirror',
  ]);
}
