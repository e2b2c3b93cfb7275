import { builders, strategyName } from '@keelson/builders';
import { planKey } from '@keelson/ledger';
import type { Ledger } from '@keelson/ledger';
import { planSchema } from '@keelson/pipeline';
import { dockerCopyName, parseImageReference } from '@keelson/registry';
import { cachePlaces } from './cache-places';
import type { CacheMeans } from './cache-places';
import { firmer, holdByAge, holds } from './kept-runs';
import type { Hold } from './kept-runs';
import type { Item } from './prune-plan';
import type { RegistryContents } from './registry-contents';
import type { Pushed, RunFacts } from './run-facts';

/**
 * Bases that were copied in the format that a builder reads, each held as firmly as the runs that were built on it; one that no run
 * tells of goes by the age of the newest build. While such a builder works it may be about to read any of them.
 */
export async function baseCopies(runs: readonly RunFacts[], means: CacheMeans): Promise<readonly Item[]> {
  const isBusy = await someBuild(runs, means.ledger);
  const held = holds(runs, means.rules);
  const items: Item[] = [];
  for (const { pushed, users, newestMs } of await allCopies(runs, means)) {
    const content = await means.contents.of(pushed);
    if (content === undefined) continue;
    const atMs = users.length === 0 ? newestMs : Math.max(...users.map((run) => run.atMs));
    const unused = users.length === 0 ? holdByAge(atMs, means.rules) : 'loose';
    const hold = isBusy ? 'firm' : users.map((run): Hold => held.get(run) ?? 'firm').reduce(firmer, unused);
    items.push({ kind: 'base', pushed, content, runs: users.map(({ name }) => name), atMs, hold });
  }
  return items;
}

type Copy = { pushed: Pushed; users: RunFacts[]; newestMs: number };

async function allCopies(runs: readonly RunFacts[], means: CacheMeans): Promise<readonly Copy[]> {
  const copies: Copy[] = [];
  for (const [place, newestMs] of await placesOf(runs, means)) {
    for (const [repository, users] of usersBelow(`${place}bases/`, runs))
      copies.push(...(await copiesIn(repository, { users, newestMs }, means.contents)));
  }
  return copies;
}

/** Whether a builder that needs such copies is at work, or about to be. */
async function someBuild(runs: readonly RunFacts[], ledger: Ledger): Promise<boolean> {
  for (const { run } of runs.filter(({ hasEnded }) => !hasEnded)) {
    const plan = await ledger.read(planKey(run, planSchema));
    const strategy = strategyName.safeParse(plan?.pipeline.build.strategy).data;
    if (strategy !== undefined && builders[strategy].readsDockerOnly) return true;
  }
  return false;
}

async function placesOf(runs: readonly RunFacts[], means: CacheMeans): Promise<ReadonlyMap<string, number>> {
  const places = new Map<string, number>();
  for (const { place, atMs } of await cachePlaces(runs, means))
    places.set(place, Math.max(places.get(place) ?? 0, atMs));
  return places;
}

type Users = Map<string, RunFacts[]>;

/** Of each repository with copies: the runs by the tag of the copy that they were built on. */
function usersBelow(place: string, runs: readonly RunFacts[]): ReadonlyMap<string, Users> {
  const found = new Map<string, Users>();
  for (const run of runs) {
    for (const { reference, digest } of run.copiedBases) {
      const name = dockerCopyName(place, parseImageReference(reference), digest);
      const colon = name.lastIndexOf(':');
      const [repository, tag] = [name.slice(0, colon), name.slice(colon + 1)];
      const users = found.get(repository) ?? new Map<string, RunFacts[]>();
      found.set(repository, users.set(tag, [...(users.get(tag) ?? []), run]));
    }
  }
  return found;
}

/** By digest, with which they go: two tags of one original are one copy. */
async function copiesIn(
  repository: string,
  { users, newestMs }: { users: Users; newestMs: number },
  contents: RegistryContents,
): Promise<Iterable<Copy>> {
  const copies = new Map<string, Copy>();
  for (const { tag, ...pushed } of await contents.foreignTags(repository, new Set())) {
    const copy = copies.get(pushed.digest) ?? { pushed, users: [], newestMs };
    copy.users.push(...(users.get(tag) ?? []));
    copies.set(pushed.digest, copy);
  }
  return copies.values();
}
