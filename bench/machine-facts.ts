import { availableParallelism, cpus, loadavg, release, totalmem } from 'node:os';
import { spawnSync } from 'node:child_process';

/** What the numbers depend on besides the code. */
export type MachineFacts = {
  cores: number;
  processor: string;
  memoryGiB: number;
  system: string;
  node: string;
  git: string;
  /** Over the last minute, before anything was measured: above 0 others were at work. */
  loadBefore: number;
  commit: string;
  at: string;
};

export function machineFacts(root: string): MachineFacts {
  const git = (...args: string[]) => spawnSync('git', args, { cwd: root, encoding: 'utf8' }).stdout.trim();
  const isClean = git('status', '--porcelain', '--untracked-files=no') === '';
  return {
    cores: availableParallelism(),
    processor: cpus()[0]?.model.trim() ?? 'unknown',
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    system: `${process.platform} ${release()}`,
    node: process.versions.node,
    git: git('--version').replace('git version ', ''),
    loadBefore: Math.round((loadavg()[0] ?? 0) * 100) / 100,
    commit: `${git('rev-parse', '--short=12', 'HEAD')}${isClean ? '' : ' and changes'}`,
    at: new Date().toISOString(),
  };
}
