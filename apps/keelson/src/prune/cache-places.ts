import { planKey } from '@keelson/ledger';
import type { Ledger } from '@keelson/ledger';
import { imageName, planSchema } from '@keelson/pipeline';
import type { KeepRules } from './kept-runs';
import type { RegistryContents } from './registry-contents';
import type { RunFacts } from './run-facts';

export type CacheMeans = {
  ledger: Ledger;
  contents: RegistryContents;
  rules: KeepRules;
  /** The name of the place, below the registry that images go to. */
  cacheName: string;
};

/** Where builders keep what they may need again for an image, with a slash at its end; and when it was last built. */
export type CachePlace = { place: string; name: string; atMs: number };

/** Of each image that a builder with a cache makes. */
export async function cachePlaces(
  runs: readonly RunFacts[],
  { ledger, cacheName }: Pick<CacheMeans, 'ledger' | 'cacheName'>,
): Promise<readonly CachePlace[]> {
  const newest = new Map<string, RunFacts>();
  for (const run of runs) {
    const [image] = run.image;
    if (!run.isCached || image === undefined) continue;
    const known = newest.get(image.repository);
    if (known === undefined || known.atMs < run.atMs) newest.set(image.repository, run);
  }
  const found: CachePlace[] = [];
  for (const [repository, { run, atMs, source }] of newest) {
    const plan = await ledger.read(planKey(run, planSchema));
    const name = plan === undefined ? undefined : imageName(plan.pipeline, source);
    if (name === undefined || !repository.endsWith(`/${name}`)) continue;
    found.push({ place: `${repository.slice(0, -name.length)}${cacheName}/`, name, atMs });
  }
  return found;
}
