import { duration, sizeBytes } from '@keelson/config';
import { InvalidArgumentError } from 'commander';
import type { Command } from 'commander';
import { common, examples, whole } from '../command-line';
import type { Acts } from '../command-line';
import type { MirrorOptions } from './mirror';
import type { PruneOptions } from './prune';

/** The commands about images: what they are built on, and where they are. */
export function defineImages(root: Command, acts: Acts): void {
  defineBases(root, acts);
  definePrune(root, acts);
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

function definePrune(root: Command, { ask }: Acts): void {
  const prune = common(
    root.command('prune').description('let go of snapshots, images and build caches that no kept run refers to'),
  )
    .option('--keep <count>', 'of each ref, so many of its newest runs', whole(1), 10)
    .option('--older-than <age>', 'what is younger is kept; from 1h', age, defaultAgeMs)
    .option(
      '--budget <size>',
      'also the oldest beyond this size, as long as age or number alone keep them, like 20GiB',
      sizeOf,
    )
    .option('--cache-repository <name>', 'where builders keep their caches, below the registry', 'keelson-cache')
    .option('-y, --yes', 'do it; without it nothing is removed')
    .action(ask(async (context, options: PruneOptions) => (await import('./prune.js')).prune(context, options)));
  examples(prune, [
    'keelson prune',
    'keelson prune --older-than 7d --keep 3 --yes',
    'keelson prune --budget 20GiB --json',
  ]);
}

const hourMs = 3_600_000;
const defaultAgeMs = 30 * 24 * hourMs;

function age(text: string): number {
  const parsed = duration().safeParse(text);
  if (parsed.success && parsed.data >= hourMs) return parsed.data;
  throw new InvalidArgumentError('It must be a duration from 1h, like 12h or 30d.');
}

function sizeOf(text: string): number {
  const parsed = sizeBytes().safeParse(text);
  if (parsed.success) return parsed.data;
  throw new InvalidArgumentError('It must be a size with a unit, like 500MiB or 20GiB.');
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
