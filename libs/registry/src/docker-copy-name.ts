import { formatImageReference } from './image-reference';
import type { ImageReference } from './image-reference';

/**
 * Where the copy of an image in another format lies: below a place, by the name and the digest of the original. A repository has no
 * colon, a host's name no underscore.
 * @param place with a slash at its end
 */
export function dockerCopyName(
  place: string,
  { registry, repository, tag = 'latest' }: ImageReference,
  digest: string,
): string {
  return `${place}${registry.toLowerCase().replace(':', '_')}/${repository}:${tag.slice(0, 60)}_${digest.slice('sha256:'.length)}`;
}

/** What a copy is of, as people write it; undefined for a name that is none. */
export function dockerCopyOf(place: string, name: string): { reference: string; digest: string } | undefined {
  if (!name.startsWith(place)) return undefined;
  const [, host = '', repository = '', tag = '', hex] =
    /^([^/]+)\/(.+):(.+)_([0-9a-f]{64})$/.exec(name.slice(place.length)) ?? [];
  if (hex === undefined) return undefined;
  const original = formatImageReference({ registry: host.replace('_', ':'), repository, tag });
  return { reference: original.replace(/^docker\.io\/(?:library\/)?/, ''), digest: `sha256:${hex}` };
}
