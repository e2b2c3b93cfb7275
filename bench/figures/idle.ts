import { cpSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { TestRepository } from '../../libs/git/src/testing/test-repository';
import type { Figure, Workplace } from '../figure';
import { KeelsonUp } from '../fixtures/keelson-up';
import { cpuMsOf, rssOf } from '../fixtures/process-facts';
import { timed } from '../statistics';

const repositories = 100;
const watchedSeconds = 40;

export const idle: Figure = {
  name: 'idle',
  title: `nothing happens in ${repositories} local repositories that are watched`,
  limitSeconds: 150,
  async measure(place) {
    const up = KeelsonUp.start(place.directory, [...makeRepositories(place), '--from', 'now']);
    place.defer(() => up.close());
    place.tell('waiting until it has settled');
    await settled(up.pid);
    place.tell(`watching it for ${watchedSeconds} s`);
    const before = cpuMsOf(up.pid, { children: true });
    const { ms } = await timed(() => sleep(watchedSeconds * 1_000));
    const spent = cpuMsOf(up.pid, { children: true }) - before;
    return {
      measures: [
        { name: 'RSS', value: rssOf(up.pid), unit: 'MB', aim: { atMost: 150 } },
        { name: 'processor', value: (spent / ms) * 100, unit: '% of a core', aim: { atMost: 1 } },
      ],
      notes: [`over ${watchedSeconds} s, its children included, half a minute after the start at the earliest`],
    };
  },
};

/** @returns the sources */
function makeRepositories({ directory, tell }: Workplace): string[] {
  tell(`making ${repositories} repositories`);
  const first = path.join(directory, 'repositories', '0');
  TestRepository.create(first).commit('first', { 'README.md': 'a widget\n' });
  return Array.from({ length: repositories }, (_, index) => {
    const copy = path.join(directory, 'repositories', String(index));
    if (index > 0) cpSync(first, copy, { recursive: true });
    return `${copy}^main`;
  });
}

/**
 * Two seconds in a row with next to no work, after at least half a minute, within which V8 tidies up the heap of the start and git's
 * processes end; at most 55 are waited for.
 */
async function settled(pid: number): Promise<void> {
  await sleep(30_000);
  for (let seconds = 0, quiet = 0; seconds < 25 && quiet < 2; seconds += 1) {
    const before = cpuMsOf(pid, { children: true });
    await sleep(1_000);
    quiet = cpuMsOf(pid, { children: true }) - before <= 50 ? quiet + 1 : 0;
  }
}
