import { baseCopies } from '../prune/base-copies';
import { cachedLayers } from '../prune/cached-layers';
import { prunePlan } from '../prune/prune-plan';
import type { Garbage, PrunePlan, PruneRules } from '../prune/prune-plan';
import { openPruneRegistry } from '../prune/prune-registry';
import type { PruneRegistry } from '../prune/prune-registry';
import { reachableRuns } from '../prune/reachable';
import { RegistryContents } from '../prune/registry-contents';
import { allFacts } from '../prune/run-facts';
import type { RunFacts } from '../prune/run-facts';
import { sweep } from '../prune/sweep';
import { byteCount } from '../report/byte-count';
import { printableText } from '../report/printable';
import { writeJson } from './context';
import type { Asking } from './context';

export type PruneOptions = {
  keep: number;
  /** Milliseconds. */
  olderThan: number;
  /** Bytes. */
  budget?: number;
  cacheRepository: string;
  yes?: boolean;
};

/** `keelson prune`: lets go of snapshots, images and caches that no kept run refers to; without --yes it only tells of them. */
export async function prune(context: Asking, asked: PruneOptions): Promise<void> {
  const options = { ...asked, say: saying(context) };
  const registry = await openPruneRegistry(context);
  try {
    const plan = await planOf(context, registry, options);
    for (const garbage of plan.garbage) await tell(context, garbage);
    if (options.yes === true) await remove(context, registry, { plan, options });
    await conclude(context, plan, options.yes === true);
  } finally {
    await registry.close();
  }
}

type Options = PruneOptions & { say: (registry: string, why: string) => void };

/** Once for each registry, however often it is asked. */
function saying({ problems }: Asking): Options['say'] {
  const said = new Set<string>();
  return (registry, why) => {
    if (said.has(registry)) return;
    said.add(registry);
    void problems.write(printableText(`keelson: nothing in ${registry} is looked at: ${why}`));
  };
}

async function planOf(context: Asking, registry: PruneRegistry, options: Options): Promise<PrunePlan> {
  const { ledger, signal } = context;
  const facts = (await allFacts(ledger, signal)).map((run) => withOneName(run, registry));
  const runs = await reachableRuns(facts, { client: registry.client, say: options.say, signal });
  const gone = new Set<string>();
  for (const { source, ref } of new Map(runs.map((run) => [`${run.source}^${run.ref}`, run])).values())
    if ((await ledger.newestChange(source, ref))?.commit === null) gone.add(`${source}^${ref}`);
  const rules: PruneRules = {
    ...{ keep: options.keep, olderThanMs: options.olderThan, nowMs: Date.now(), budgetBytes: options.budget },
    isGone: ({ source, ref }) => gone.has(`${source}^${ref}`),
  };
  const contents = new RegistryContents(registry.client, signal);
  const means = { ledger, contents, rules, cacheName: options.cacheRepository };
  const caches = [...(await cachedLayers(runs, means)), ...(await baseCopies(runs, means))];
  return prunePlan({ runs, caches }, contents, rules);
}

const atOnce = 200;

async function remove(
  context: Asking,
  registry: PruneRegistry,
  { plan, options }: { plan: PrunePlan; options: Options },
): Promise<void> {
  for (let at = 0; at < plan.garbage.length; at += atOnce) {
    const some = plan.garbage.slice(at, at + atOnce);
    await sweep(registry, await stillLoose(context, registry, { some, options }), context.signal);
  }
}

/** Looked at once more before anything is removed: a run may have begun meanwhile, and found there what it would have pushed. */
async function stillLoose(
  context: Asking,
  registry: PruneRegistry,
  { some, options }: { some: readonly Garbage[]; options: Options },
): Promise<readonly Garbage[]> {
  const now = await planOf(context, registry, options);
  const keyOf = ({ content }: Garbage) => `${content.repository}@${content.manifests[0]}`;
  const loose = new Set(now.garbage.map(keyOf));
  return some.filter((garbage) => loose.has(keyOf(garbage)));
}

const withOneName = (facts: RunFacts, { nameOf }: PruneRegistry): RunFacts => {
  const renamed = <T extends { repository: string }>(all: readonly T[]) =>
    all.map((each) => ({ ...each, repository: nameOf(each.repository) }));
  return { ...facts, image: renamed(facts.image), snapshot: renamed(facts.snapshot), tags: renamed(facts.tags) };
};

async function tell(context: Asking, { kind, content, runs, bytes }: Garbage): Promise<void> {
  const { repository, manifests } = content;
  if (context.isJson) return writeJson(context, { kind, repository, digest: manifests[0], bytes, runs });
  const whose = runs.length > 3 ? `${runs.slice(0, 3).join(', ')} and ${runs.length - 3} more` : runs.join(', ');
  await context.output.write(
    printableText(`${kind.padEnd(8)}  ${byteCount(bytes).padStart(11)}  ${repository}@${manifests[0]}  ${whose}`),
  );
}

async function conclude(
  context: Asking,
  { garbage, freedBytes, keptBytes }: PrunePlan,
  isDone: boolean,
): Promise<void> {
  if (context.isJson) return;
  const what = `${garbage.length} ${garbage.length === 1 ? 'thing' : 'things'}, ${byteCount(freedBytes)}`;
  const left = `${byteCount(keptBytes)} are kept`;
  if (garbage.length === 0) await context.output.write(`nothing to let go of; ${left}`);
  else if (isDone) await context.output.write(`removed ${what}; ${left}`);
  else await context.output.write(`would remove ${what}; ${left}. Nothing was removed: --yes does it`);
}
