import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync } from 'node:fs';
import path from 'node:path';
import { HostBudget, RemoteHeads } from '@keelson/git';
import { runGit, TestRepository } from '../../libs/git/src/testing/test-repository';
import type { Figure, Measure } from '../figure';
import { cpuMsOf } from '../fixtures/process-facts';
import { difference, startGitServer } from '../fixtures/git-server';
import type { GitServer, ServerCount } from '../fixtures/git-server';
import { timed } from '../statistics';

const repositories = 1_000;
const sampled = 50;
const otherRefs = 40;

type Cost = ServerCount & { repositories: number; ms: number; ownCpuMs: number };

export const remoteWatch: Figure = {
  name: 'remote-watch',
  title: `one look at a branch in each of ${repositories} repositories behind git's http-backend`,
  limitSeconds: 150,
  async measure(place) {
    place.tell(`making ${repositories} repositories`);
    const root = path.join(place.directory, 'served');
    makeRepositories(place.directory, root);
    const server = await startGitServer(root);
    place.defer(() => server.close());
    place.tell('looking at them');
    const heads = new RemoteHeads({ budget: new HostBudget({ perSecond: 100_000 }) });
    place.defer(() => heads.close());
    // The first request of a process compiles code and opens connections: what a watch costs is what it costs every time.
    await look(heads, server, 20);
    const ours = await costOf(server, repositories, () => look(heads, server, repositories));
    place.tell(`git ls-remote on ${sampled} of them`);
    const theirs = await costOf(server, sampled, () => lsRemoteAll(server, sampled));
    const ratio = (name: string, of: (cost: Cost) => number): Measure => {
      const value = of(ours) / ours.repositories / (of(theirs) / theirs.repositories);
      return { name: `ours to git ls-remote: ${name}`, value, unit: 'x' };
    };
    return {
      measures: [
        ...measuresOf('ours', ours),
        ...measuresOf('git ls-remote', theirs),
        ratio('bytes', (cost) => cost.bytesIn + cost.bytesOut),
        ratio("the watching side's processor time", (cost) => cost.ownCpuMs),
        ratio("the server's processor time", (cost) => cost.cpuMs),
      ],
      notes: [
        `each repository has one branch that is watched and ${otherRefs} other refs; bytes as on the wire, headers included`,
        `git ls-remote was run on ${sampled} repositories, one after the other; ours on all ${repositories}, 8 at once`,
      ],
    };
  },
};

function makeRepositories(directory: string, root: string): void {
  const work = TestRepository.create(path.join(directory, 'work'));
  work.commit('first', { 'README.md': 'a widget\n' });
  for (let index = 0; index < otherRefs / 2; index += 1) {
    work.git('branch', `topic/number-${index}`);
    work.git('tag', `v1.${index}`);
  }
  const first = path.join(root, '0.git');
  runGit(['clone', '--quiet', '--bare', work.path, first], { cwd: directory });
  for (let index = 1; index < repositories; index += 1) {
    cpSync(first, path.join(root, `${index}.git`), { recursive: true });
  }
}

async function look(heads: RemoteHeads, server: GitServer, count: number): Promise<void> {
  const found = await Promise.all(
    Array.from({ length: count }, (_, index) => heads.heads(server.url(`${index}.git`), ['main'])),
  );
  if (found.some((refs) => refs.length !== 1))
    throw new Error('a repository did not tell exactly the branch asked for');
}

async function lsRemoteAll(server: GitServer, count: number): Promise<void> {
  for (let index = 0; index < count; index += 1) {
    const child = spawn('git', ['ls-remote', '--', server.url(`${index}.git`), 'refs/heads/main'], { stdio: 'ignore' });
    const [status] = (await once(child, 'exit')) as [number | null];
    if (status !== 0) throw new Error(`git ls-remote ended with ${status}`);
  }
}

/** What work costs on both sides. The processor time of children counts: git ls-remote is nothing else. */
async function costOf(server: GitServer, count: number, work: () => Promise<void>): Promise<Cost> {
  const before = await server.count();
  const ownBefore = cpuMsOf(process.pid, { children: true });
  const { ms } = await timed(work);
  const ownCpuMs = cpuMsOf(process.pid, { children: true }) - ownBefore;
  return { ...difference(before, await server.count()), repositories: count, ms, ownCpuMs };
}

function measuresOf(who: string, cost: Cost): Measure[] {
  const each = (value: number): number => value / cost.repositories;
  const isOurs = who === 'ours';
  return [
    {
      ...{ name: `${who}: requests for each`, value: each(cost.requests), unit: '' },
      ...(isOurs ? { aim: { atMost: 1 } } : {}),
    },
    { name: `${who}: bytes sent for each`, value: each(cost.bytesIn), unit: 'B' },
    { name: `${who}: bytes received for each`, value: each(cost.bytesOut), unit: 'B' },
    { name: `${who}: processor time for each`, value: each(cost.ownCpuMs), unit: 'ms' },
    { name: `${who}: the server's processor time for each`, value: each(cost.cpuMs), unit: 'ms' },
    { name: `${who}: time for 1,000`, value: each(cost.ms), unit: isOurs ? 's' : 's (extrapolated)' },
    { name: `${who}: connections`, value: cost.connections, unit: '' },
  ];
}
