import type { ManifestObject } from './manifest-object';

/** The same objects, with one image reference replaced wherever a container is to run it. Other texts stay. */
export function pinImage(
  objects: readonly ManifestObject[],
  { from, to }: { from: string; to: string },
): readonly ManifestObject[] {
  return objects.map((object) => (object.kind === 'Job' ? (pinned(object, { from, to }) as ManifestObject) : object));
}

function pinned(value: unknown, of: { from: string; to: string }): unknown {
  if (Array.isArray(value)) return value.map((item) => pinned(item, of));
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).map(([key, inner]: [string, unknown]) => [
    key,
    key === 'image' && inner === of.from ? of.to : pinned(inner, of),
  ]);
  return Object.fromEntries(entries);
}
