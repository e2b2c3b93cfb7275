import { layerList, TarError } from '@keelson/git';
import type { BuildVerified } from '@keelson/ledger';
import {
  formatPlatform,
  ImageNotFoundError,
  parseImageReference,
  parseManifest,
  RegistryProtocolError,
  UnsupportedImageError,
  withDigest,
} from '@keelson/registry';
import type { Descriptor, RegistryClient } from '@keelson/registry';

/** More paths than this are counted, and not named. */
const mostNamed = 100;

export type Comparison = Omit<BuildVerified, 'verifiedAt'>;

/**
 * Whether two images hold the same files: path, type, mode, owner, content. Layers that both begin with are read only
 * where what lies above them does not tell. Of several platforms each is compared with its own, and begins its paths.
 * @throws what a registry throws that is away; what cannot be compared is `unknown`
 */
export async function compareImages(
  client: RegistryClient,
  { cached, uncached }: { cached: string; uncached: string },
  signal: AbortSignal,
): Promise<Comparison> {
  try {
    const [one, other] = [await platformsOf(client, cached, signal), await platformsOf(client, uncached, signal)];
    const differences: Difference[] = [];
    for (const platform of [...new Set([...one.keys(), ...other.keys()])].sort()) {
      const [own, others] = [one.get(platform), other.get(platform)];
      if (own === undefined || others === undefined) {
        differences.push({ path: platform, what: own === undefined ? 'only-uncached' : 'only-cached' });
        continue;
      }
      const found = await compareLayers(client, { cached: own, uncached: others }, signal);
      differences.push(...found.map(({ path, what }) => ({ path: `${platform}${path}`, what })));
    }
    const outcome = differences.length === 0 ? 'same' : 'different';
    return { outcome, count: differences.length, differences: differences.slice(0, mostNamed) };
  } catch (error) {
    if (!isUnreadable(error)) throw error;
    return unknown(error.message);
  }
}

type Difference = BuildVerified['differences'][number];
/** An image for one platform: what its layers are, and where. */
type Layered = { image: string; layers: readonly Descriptor[] };

async function compareLayers(
  client: RegistryClient,
  { cached, uncached }: { cached: Layered; uncached: Layered },
  signal: AbortSignal,
): Promise<readonly Difference[]> {
  const differs = cached.layers.findIndex(({ digest }, at) => digest !== uncached.layers[at]?.digest);
  const from = differs < 0 ? cached.layers.length : differs;
  const files = async (begin: number): Promise<[Files, Files]> => [
    await filesIn(client, { ...cached, begin }, signal),
    await filesIn(client, { ...uncached, begin }, signal),
  ];
  const own = await files(from);
  return compared(...(from > 0 && needsShared(...own) ? await files(0) : own));
}

export const unknown = (reason: string): Comparison => ({
  ...{ outcome: 'unknown', count: 0, differences: [] },
  reason: reason.slice(0, 4096),
});

const unreadable = [TarError, ImageNotFoundError, RegistryProtocolError, UnsupportedImageError];
const isUnreadable = (error: unknown): error is Error => unreadable.some((kind) => error instanceof kind);

/** By platform, with a colon behind it; the only one of an image has no name. Attestations are for none, and no files. */
async function platformsOf(
  client: RegistryClient,
  image: string,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, Layered>> {
  const reference = parseImageReference(image);
  const parsed = parseManifest(await client.manifest(reference, signal));
  if (parsed.kind === 'image') return new Map([['', { image, layers: parsed.manifest.layers }]]);
  const images = parsed.index.manifests.filter(({ platform }) => platform && platform.os !== 'unknown');
  const found = new Map<string, Layered>();
  for (const { digest, platform } of images) {
    const inner = parseManifest(await client.manifest(withDigest(reference, digest), signal));
    if (inner.kind === 'index' || !platform) throw new UnsupportedImageError(`${image} lists an index`);
    const name = images.length === 1 ? '' : `${formatPlatform(platform)}:`;
    found.set(name, { image, layers: inner.manifest.layers });
  }
  return found;
}

type Files = Map<string, string>;

/** What is left of the layers from one on, each on top of those before; what they remove from below that stays as a mark. */
async function filesIn(
  client: RegistryClient,
  { image, layers, begin }: Layered & { begin: number },
  signal: AbortSignal,
): Promise<Files> {
  const files: Files = new Map();
  for (const { digest, size: sizeBytes } of layers.slice(begin)) {
    const blob = client.blob(parseImageReference(image), { digest, sizeBytes }, signal);
    lay(files, await layerList(blob, { signal }).catch(ofImage(image)));
  }
  if (begin === 0) for (const path of files.keys()) if (removal.test(path)) files.delete(path);
  return files;
}

/** Which of the two it is that cannot be read. */
const ofImage =
  (image: string) =>
  (error: unknown): never => {
    throw error instanceof TarError ? new TarError(`${image}: ${error.message}`, { cause: error }) : error;
  };

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

function compared(cached: Files, uncached: Files): readonly Difference[] {
  const paths = [...new Set([...cached.keys(), ...uncached.keys()])].sort();
  const different = paths.filter((path) => cached.get(path) !== uncached.get(path));
  return different.map((path) => {
    if (!uncached.has(path)) return { path, what: 'only-cached' as const };
    return { path, what: cached.has(path) ? ('changed' as const) : ('only-uncached' as const) };
  });
}
