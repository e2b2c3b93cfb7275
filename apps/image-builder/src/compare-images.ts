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
 * Whether two images hold the same files: path, type, mode, owner, content. Layers that both begin with are not read.
 * @throws what a registry throws that is away; what cannot be compared is `unknown`
 */
export async function compareImages(
  client: RegistryClient,
  { cached, uncached }: { cached: string; uncached: string },
  signal: AbortSignal,
): Promise<Comparison> {
  try {
    const [one, other] = [await layersOf(client, cached, signal), await layersOf(client, uncached, signal)];
    const shared = one.findIndex(({ digest }, at) => digest !== other[at]?.digest);
    const from = shared < 0 ? one.length : shared;
    const files = await filesIn(client, { image: cached, layers: one.slice(from) }, signal);
    return compared(files, await filesIn(client, { image: uncached, layers: other.slice(from) }, signal));
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

/** What is left of the layers, each on top of those before; what they remove from below stays as a mark. */
async function filesIn(
  client: RegistryClient,
  { image, layers }: { image: string; layers: readonly Descriptor[] },
  signal: AbortSignal,
): Promise<Files> {
  const files: Files = new Map();
  for (const { digest, size: sizeBytes, mediaType } of layers) {
    if (mediaType.endsWith('zstd')) throw new UnsupportedImageError(`a layer of ${image} is compressed by zstd`);
    const blob = client.blob(parseImageReference(image), { digest, sizeBytes }, signal);
    lay(files, await layerList(blob, { signal }));
  }
  return files;
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
