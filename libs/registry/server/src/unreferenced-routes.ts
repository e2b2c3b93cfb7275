import { z } from 'zod';
import type { BlobStore } from './blob-store';
import { DistributionError } from './distribution-error';
import type { Exchange, Handlers } from './exchange';
import { readBody, requireDigest, respondJson } from './exchange';
import { parseManifest } from './manifest';
import type { ManifestStore } from './manifest-store';

const asked = z.object({ digests: z.array(z.string()).max(10_000) });

/**
 * `/v2/<name>/_keelson/unreferenced`, which is our own: of these blobs, those that no manifest of the repository names are removed. A push
 * that had seen one of them there is told that it is missing, and sends it again. See docs/adr/0021.
 */
export function unreferencedRoutes(
  { manifests, blobs }: { manifests: ManifestStore; blobs: BlobStore },
  limits: { manifestBytes: number },
): Handlers {
  const remove = async (exchange: Exchange): Promise<void> => {
    const { name } = exchange;
    const digests = await digestsIn(exchange, limits.manifestBytes);
    const removed = await manifests.exclusively(name, async (all) => {
      const named = new Set<string>();
      for await (const { bytes, header } of all)
        for (const blob of parseManifest(bytes, header.mediaType).blobs) named.add(blob);
      const gone: string[] = [];
      for (const digest of digests)
        if (!named.has(digest.text) && (await blobs.remove(name, digest))) gone.push(digest.text);
      return gone;
    });
    respondJson(exchange, 200, { body: { removed } });
  };
  return { POST: remove };
}

async function digestsIn({ req }: Exchange, limitBytes: number) {
  const parsed = asked.safeParse(parsedJson(await readBody(req, limitBytes)));
  if (parsed.success) return parsed.data.digests.map(requireDigest);
  throw new DistributionError(400, { code: 'UNSUPPORTED', message: z.prettifyError(parsed.error) });
}

function parsedJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes).toString('utf8'));
  } catch {
    return undefined; // refused by the schema
  }
}
