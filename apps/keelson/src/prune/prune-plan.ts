import type { Content, RegistryContents } from './registry-contents';
import { firmer, holds } from './kept-runs';
import type { Hold, KeepRules } from './kept-runs';
import type { Pushed, RunFacts } from './run-facts';

export type PruneRules = KeepRules & { budgetBytes: number | undefined };

/** Something to let go of, and whose it was. */
export type Garbage = {
  kind: 'image' | 'snapshot' | 'cache' | 'base';
  content: Content;
  runs: readonly string[];
  bytes: number;
};

/** What the runs have, what goes of it, and what is left. */
export type PrunePlan = { garbage: readonly Garbage[]; keptBytes: number; freedBytes: number };

/** Something in a registry, and how firmly it is held. */
export type Item = {
  kind: Garbage['kind'];
  pushed: Pushed;
  content: Content;
  runs: string[];
  /** When it was last used, milliseconds since the epoch. */
  atMs: number;
  hold: Hold;
};

/** Decides what goes: what no run holds, and for a budget what is held by number or age alone, the oldest first. */
export async function prunePlan(
  { runs, caches }: { runs: readonly RunFacts[]; caches: readonly Item[] },
  contents: RegistryContents,
  rules: PruneRules,
): Promise<PrunePlan> {
  const pushed = await itemsOf(runs, contents, holds(runs, rules));
  await holdTagged(pushed, runs, contents);
  const items = [...pushed, ...caches];
  const kept = new Kept(items.filter(({ hold }) => hold !== 'loose'));
  const going = items.filter(({ hold }) => hold === 'loose');
  const spare = items.filter(({ hold }) => hold === 'soft').sort((a, b) => a.atMs - b.atMs);
  for (const item of spare) {
    if (rules.budgetBytes === undefined || kept.bytes <= rules.budgetBytes) break;
    kept.drop(item);
    going.push(item);
  }
  return summed(going, kept);
}

/** Things by digest: two runs may have the same. */
async function itemsOf(
  runs: readonly RunFacts[],
  contents: RegistryContents,
  held: ReadonlyMap<RunFacts, Hold>,
): Promise<readonly Item[]> {
  const items = new Map<string, Item>();
  const pushed = runs.flatMap((run) => [
    ...run.image.map((of) => ({ kind: 'image' as const, run, of })),
    ...run.snapshot.map((of) => ({ kind: 'snapshot' as const, run, of })),
  ]);
  for (const { kind, run, of } of pushed) {
    const content = await contents.of(of);
    if (content === undefined) continue;
    const key = `${of.repository}@${of.digest}`;
    const item = items.get(key) ?? { kind, pushed: of, content, runs: [], atMs: 0, hold: 'loose' };
    item.hold = firmer(item.hold, held.get(run) ?? 'firm');
    item.runs.push(run.name);
    item.atMs = Math.max(item.atMs, run.atMs);
    items.set(key, item);
  }
  return [...items.values()];
}

/** What somebody's tag points at stays, and so does what a tag follows that is not of one run. */
async function holdTagged(
  items: readonly Item[],
  runs: readonly RunFacts[],
  contents: RegistryContents,
): Promise<void> {
  const repositories = new Set(items.filter(({ hold }) => hold !== 'firm').map(({ pushed }) => pushed.repository));
  for (const repository of repositories) {
    const own = new Set(
      runs.flatMap(({ tags }) => tags.filter((of) => of.repository === repository).map(({ tag }) => tag)),
    );
    const tagged = await Promise.all((await contents.foreignTags(repository, own)).map((head) => contents.of(head)));
    const held = new Set(tagged.flatMap((content) => content?.manifests ?? []));
    for (const item of items)
      if (item.pushed.repository === repository && held.has(item.pushed.digest)) item.hold = 'firm';
  }
}

/** How often each blob and manifest is needed. A registry keeps a blob once, whatever repositories have it. */
class Kept {
  readonly #uses = new Map<string, number>();
  bytes = 0;

  constructor(items: readonly Item[]) {
    for (const { content } of items) for (const [digest, size] of content.sizes) this.#use(digest, size, 1);
  }

  drop({ content }: Item): void {
    for (const [digest, size] of content.sizes) this.#use(digest, size, -1);
  }

  has = (digest: string): boolean => (this.#uses.get(digest) ?? 0) > 0;

  #use(digest: string, size: number, by: 1 | -1): void {
    const before = this.#uses.get(digest) ?? 0;
    this.#uses.set(digest, before + by);
    if (before === 0) this.bytes += size;
    if (before + by === 0) this.bytes -= size;
  }
}

function summed(going: readonly Item[], kept: Kept): PrunePlan {
  const counted = new Set<string>();
  const garbage = going.map(({ kind, content, runs }): Garbage => {
    let bytes = 0;
    for (const [digest, size] of content.sizes) {
      if (kept.has(digest) || counted.has(digest)) continue;
      counted.add(digest);
      bytes += size;
    }
    const [own, ...inner] = content.manifests;
    const manifests = [own, ...inner.filter((digest) => !kept.has(digest))].filter((digest) => digest !== undefined);
    return { kind, content: { ...content, manifests }, runs, bytes };
  });
  return { garbage, keptBytes: kept.bytes, freedBytes: garbage.reduce((sum, { bytes }) => sum + bytes, 0) };
}
