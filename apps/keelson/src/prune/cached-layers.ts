import { z } from 'zod';
import { parseManifest, parseRepository, withDigest } from '@keelson/registry';
import { cachePlaces } from './cache-places';
import type { CacheMeans } from './cache-places';
import { holdByAge } from './kept-runs';
import type { Item } from './prune-plan';
import type { RegistryContents } from './registry-contents';
import type { RunFacts } from './run-facts';

const created = z.looseObject({ created: z.iso.datetime({ offset: true }).optional() });
const maxConfigBytes = 4_194_304;

/** What builders keep between builds, beside the images that they made, with its age: its own word, else the newest build's. */
export async function cachedLayers(runs: readonly RunFacts[], means: CacheMeans): Promise<readonly Item[]> {
  const items: Item[] = [];
  for (const { place, name, atMs } of await cachePlaces(runs, means)) {
    const repository = `${place}${name}`;
    for (const pushed of await means.contents.foreignTags(repository, new Set())) {
      const content = await means.contents.of(pushed);
      if (content === undefined) continue;
      const usedMs = (await createdMs(means.contents, pushed)) ?? atMs;
      items.push({ kind: 'cache', pushed, content, runs: [], atMs: usedMs, hold: holdByAge(usedMs, means.rules) });
    }
  }
  return items;
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
