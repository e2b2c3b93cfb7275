import { planKey } from '@keelson/ledger';
import type { Ledger } from '@keelson/ledger';
import { imageName, planSchema } from '@keelson/pipeline';
import { z } from 'zod';
import { parseManifest, parseRepository, withDigest } from '@keelson/registry';
import { holdByAge } from './kept-runs';
import type { KeepRules } from './kept-runs';
import type { Item } from './prune-plan';
import type { RegistryContents } from './registry-contents';
import type { RunFacts } from './run-facts';

const created = z.looseObject({ created: z.iso.datetime({ offset: true }).optional() });
const maxConfigBytes = 4_194_304;

type Means = { ledger: Ledger; contents: RegistryContents; rules: KeepRules; cacheName: string };

/** What builders keep between builds, beside the images that they made, with its age: its own word, else the newest build's. */
export async function cachedLayers(runs: readonly RunFacts[], means: Means): Promise<readonly Item[]> {
  const items: Item[] = [];
  for (const { repository, atMs } of await cacheRepositories(runs, means)) {
    for (const pushed of await means.contents.foreignTags(repository, new Set())) {
      const content = await means.contents.of(pushed);
      if (content === undefined) continue;
      const usedMs = (await createdMs(means.contents, pushed)) ?? atMs;
      items.push({ kind: 'cache', pushed, content, runs: [], atMs: usedMs, hold: holdByAge(usedMs, means.rules) });
    }
  }
  return items;
}

/** Of each image that a builder with a cache makes, where that is, and when it last built. */
async function cacheRepositories(runs: readonly RunFacts[], { ledger, cacheName }: Means) {
  const newest = new Map<string, RunFacts>();
  for (const run of runs) {
    const [image] = run.image;
    if (!run.isCached || image === undefined) continue;
    const known = newest.get(image.repository);
    if (known === undefined || known.atMs < run.atMs) newest.set(image.repository, run);
  }
  const found: { repository: string; atMs: number }[] = [];
  for (const [repository, { run, atMs, source }] of newest) {
    const plan = await ledger.read(planKey(run, planSchema));
    const name = plan === undefined ? undefined : imageName(plan.pipeline, source);
    if (name === undefined || !repository.endsWith(`/${name}`)) continue;
    found.push({ repository: `${repository.slice(0, -name.length)}${cacheName}/${name}`, atMs });
  }
  return found;
}

/** A cached layer of Kaniko's is an image and says when it was made; BuildKit's cache is written anew with each build. */
async function createdMs(
  { client, signal }: RegistryContents,
  { repository, digest }: Item['pushed'],
): Promise<number | undefined> {
  const parsed = parseRepository(repository);
  const manifest = parseManifest(await client.manifest(withDigest(parsed, digest), signal));
  if (manifest.kind === 'index' || !manifest.manifest.config.mediaType.includes('image')) return undefined;
  const limits = { digest: manifest.manifest.config.digest, limitBytes: maxConfigBytes };
  const config = created.safeParse(JSON.parse(Buffer.from(await client.blobBytes(parsed, limits, signal)).toString()));
  const at = config.data?.created;
  return at === undefined ? undefined : Date.parse(at);
}
