import type { Digest } from './digest';
import type { Exchange, Handlers } from './exchange';
import { requireDigest, respondJson } from './exchange';
import { ociIndex } from './manifest';
import type { ManifestStore } from './manifest-store';
import { nextLink } from './page';
import type { ReferrerDescriptor } from './records';

/** `/v2/<name>/referrers/<digest>`; an answer is no longer than a manifest may be, the rest is behind a Link. */
export function referrerRoutes(manifests: ManifestStore, limits: { manifestBytes: number }): Handlers {
  const get = async (exchange: Exchange): Promise<void> => {
    const { name, query } = exchange;
    const subject = requireDigest(exchange.reference);
    const last = query.get('last');
    const after = last === null ? undefined : requireDigest(last);
    const artifactType = query.get('artifactType') ?? undefined;
    const all = manifests.referrers(name, subject, after);
    const { entries, next } = await collect(all, { artifactType, limitBytes: limits.manifestBytes });
    const filter = artifactType === undefined ? {} : { artifactType };
    const path = `/v2/${name}/referrers/${subject.text}`;
    respondJson(exchange, 200, {
      headers: {
        'Content-Type': ociIndex,
        ...(artifactType === undefined ? {} : { 'OCI-Filters-Applied': 'artifactType' }),
        ...(next === undefined ? {} : nextLink(path, { ...filter, last: next })),
      },
      body: { schemaVersion: 2, mediaType: ociIndex, manifests: entries },
    });
  };
  return { GET: get, HEAD: get };
}

/** The entries that fit in one answer, one at least, and behind which the next answer begins. */
async function collect(
  all: AsyncIterable<ReferrerDescriptor>,
  wanted: { artifactType: string | undefined; limitBytes: number },
): Promise<{ entries: readonly ReferrerDescriptor[]; next?: Digest['text'] }> {
  const entries: ReferrerDescriptor[] = [];
  let leftBytes = wanted.limitBytes;
  for await (const entry of all) {
    if (wanted.artifactType !== undefined && entry.artifactType !== wanted.artifactType) continue;
    leftBytes -= Buffer.byteLength(JSON.stringify(entry));
    const end = entries.at(-1);
    if (leftBytes < 0 && end) return { entries, next: end.digest };
    entries.push(entry);
  }
  return { entries };
}
