/** What a path names. `name` and `reference` are as they came: their grammar is not checked yet. */
export type Route = { kind: RouteKind; name: string; reference: string };
export type RouteKind =
  'base' | 'catalog' | 'tags' | 'manifest' | 'uploads' | 'upload' | 'blob' | 'referrers' | 'unreferenced';

const patterns: readonly [RouteKind, RegExp][] = [
  ['base', /^\/v2\/?$/],
  ['catalog', /^\/v2\/_catalog$/],
  ['tags', /^\/v2\/(.+)\/tags\/list$/],
  ['manifest', /^\/v2\/(.+)\/manifests\/([^/]+)$/],
  ['uploads', /^\/v2\/(.+)\/blobs\/uploads\/?$/],
  ['upload', /^\/v2\/(.+)\/blobs\/uploads\/([^/]+)$/],
  ['blob', /^\/v2\/(.+)\/blobs\/([^/]+)$/],
  ['referrers', /^\/v2\/(.+)\/referrers\/([^/]+)$/],
  ['unreferenced', /^\/v2\/(.+)\/_keelson\/unreferenced$/],
];

/** The route of a request's path; undefined when the API has none of that form or its escapes are broken. */
export function parseRoute(encodedPath: string): Route | undefined {
  let path: string;
  try {
    path = decodeURIComponent(encodedPath);
  } catch {
    // A lone % or bytes that are no UTF-8: nothing of ours is named like that.
    return undefined;
  }
  for (const [kind, pattern] of patterns) {
    const match = pattern.exec(path);
    if (match) return { kind, name: match[1] ?? '', reference: match[2] ?? '' };
  }
  return undefined;
}
