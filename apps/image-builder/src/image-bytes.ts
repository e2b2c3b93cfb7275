import type { StageEnded } from '@keelson/ledger';
import { parseImageReference, parseManifest } from '@keelson/registry';
import type { Descriptor } from '@keelson/registry';
import type { JobDeps } from './build-kind';

type Image = NonNullable<StageEnded['image']>;

/**
 * Bytes of an image's layers: those that the image before did not have, and those that it had. Undefined where a registry or an
 * index of several platforms does not tell.
 */
export async function imageBytes(
  deps: JobDeps,
  { image, before }: { image: Image; before: Image | undefined },
  signal: AbortSignal,
): Promise<{ pushed: number; skipped: number } | undefined> {
  try {
    const [layers, earlier] = await Promise.all([
      layersOf(deps, image, signal),
      before === undefined ? [] : layersOf(deps, before, signal),
    ]);
    const known = new Set(earlier.map(({ digest }) => digest));
    const sum = (isKnown: boolean) =>
      layers.filter(({ digest }) => known.has(digest) === isKnown).reduce((bytes, { size }) => bytes + size, 0);
    return { pushed: sum(false), skipped: sum(true) };
  } catch (error) {
    if (signal.aborted) throw error;
    return undefined; // it is a figure for people: the image itself was read back before
  }
}

async function layersOf({ client }: JobDeps, image: Image, signal: AbortSignal): Promise<readonly Descriptor[]> {
  const content = await client.manifest(parseImageReference(`${image.repository}@${image.digest}`), signal);
  const parsed = parseManifest(content);
  if (parsed.kind === 'index') throw new Error('an index has no layers of its own');
  return parsed.manifest.layers;
}
