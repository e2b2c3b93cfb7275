import type { Figure } from './figure';
import { append } from './figures/append';
import { builder } from './figures/builder';
import { bus } from './figures/bus';
import { cluster } from './figures/cluster';
import { commit, commitLarge } from './figures/commit';
import { copy } from './figures/copy';
import { idle } from './figures/idle';
import { log } from './figures/log';
import { onLargeBase } from './figures/on-large-base';
import { remoteWatch } from './figures/remote-watch';
import { render } from './figures/render';

/** Every figure, in the order in which they are measured and printed. */
export const figures: readonly Figure[] = [
  commit,
  commitLarge,
  append,
  onLargeBase,
  copy,
  remoteWatch,
  log,
  bus,
  cluster,
  builder,
  render,
  idle,
];
