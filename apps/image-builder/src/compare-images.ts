import { layerList, TarError } from '@keelson/git';
import type { BuildVerified } from '@keelson/ledger';
import {
  ImageNotFoundError,
  parseImageReference,
  parseManifest,
  RegistryProtocolError,
  UnsupportedImageError,
} from '@keelson/registry';
import type { Descriptor, RegistryClient } from '@keelson/registry';

/** More paths than this are counted, and not named. */
const mostNamed = 100;

export type Comparison = Omit<BuildVerified, 'verifiedAt'>;

/**
 * Whether two images hold the same files: path, type, mode, owner, content. Layers that both begin with are read only
 * where what lies above them does not tell.
 * @throws what a registry throws that is away; what cannot be compared is `unknown`
 */
export async function compareImages(
  client: RegistryClient,
  { cached, uncached }: { cached: string; uncached: string },
  signal: AbortSignal,
): Promise<Comparison> {
  try {
    const [one, other] = [await layersOf(client, cached, signal), await layersOf(client, uncached, signal)];
    const differs = one.findIndex(({ digest }, at) => digest !== other[at]?.digest);
    const from = differs < 0 ? one.length : differs;
    const files = async (begin: number): Promise<[Files, Files]> => [
      await filesIn(client, { image: cached, layers: one, begin }, signal),
      await filesIn(client, { image: uncached, layers: other, begin }, signal),
    ];
    const own = await files(from);
    return compared(...(from > 0 && needsShared(...own) ? await files(0) : own));
  } catch (error) {
    if (!isUnreadable(error)) throw error;
    return unknown(error.message);
  }
}

export const unknown = (reason: string): Comparison => ({
  ...{ outcome: 'unknown', count: 0, differences: [] },
  reason: reason.slice(0, 4096),
});

const unreadable = [TarError, ImageNotFoundError, RegistryProtocolError, UnsupportedImageError];
const isUnreadable = (error: unknown): error is Error => unreadable.some((kind) => error instanceof kind);

async function layersOf(client: RegistryClient, image: string, signal: AbortSignal): Promise<readonly Descriptor[]> {
  const parsed = parseManifest(await client.manifest(parseImageReference(image), signal));
  if (parsed.kind === 'image') return parsed.manifest.layers;
  throw new UnsupportedImageError(`${image} is an index of several platforms, which is not compared`);
}

type Files = Map<string, string>;

/** What is left of the layers from one on, each on top of those before; what they remove from below that stays as a mark. */
async function filesIn(
  client: RegistryClient,
  { image, layers, begin }: { image: string; layers: readonly Descriptor[]; begin: number },
  signal: AbortSignal,
): Promise<Files> {
  const files: Files = new Map();
  for (const { digest, size: sizeBytes, mediaType } of layers.slice(begin)) {
    if (mediaType.endsWith('zstd')) throw new UnsupportedImageError(`a layer of ${image} is compressed by zstd`);
    const blob = client.blob(parseImageReference(image), { digest, sizeBytes }, signal);
    lay(files, await layerList(blob, { signal }));
  }
  if (begin === 0) for (const path of files.keys()) if (removal.test(path)) files.delete(path);
  return files;
}

/** A directory that only one of them names again, or a mark that only one has, means nothing without what lies below. */
function needsShared(cached: Files, uncached: Files): boolean {
  const isOnly = (one: Files, other: Files) =>
    [...one].some(([path, entry]) => !other.has(path) && (entry === 'removed' || entry.startsWith('directory ')));
  return isOnly(cached, uncached) || isOnly(uncached, cached);
}

const removal = /^(.*\/)?\.wh\.([^/]+)$/;

/** Removals count for the layers below only, so they come first. https://github.com/opencontainers/image-spec/blob/main/layer.md */
function lay(files: Files, layer: ReadonlyMap<string, string>): void {
  for (const path of layer.keys()) {
    const [, directory = '', name = ''] = removal.exec(path) ?? [];
    if (name === '') continue;
    const isOpaque = name === '.wh..opq';
    if (isOpaque) remove(files, directory);
    else {
      remove(files, `${directory}${name}/`);
      files.delete(`${directory}${name}`);
    }
    files.set(path, 'removed');
  }
  for (const [path, entry] of layer) if (!removal.test(path)) files.set(path, entry);
}

function remove(files: Files, prefix: string): void {
  for (const path of files.keys()) if (path.startsWith(prefix)) files.delete(path);
}

function compared(cached: Files, uncached: Files): Comparison {
  const paths = [...new Set([...cached.keys(), ...uncached.keys()])].sort();
  const different = paths.filter((path) => cached.get(path) !== uncached.get(path));
  const differences = different.slice(0, mostNamed).map((path) => {
    if (!uncached.has(path)) return { path, what: 'only-cached' as const };
    return { path, what: cached.has(path) ? ('changed' as const) : ('only-uncached' as const) };
  });
  return { outcome: different.length === 0 ? 'same' : 'different', count: different.length, differences };
}
