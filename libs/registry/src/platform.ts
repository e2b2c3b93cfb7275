import type { Descriptor, ImageIndex } from './manifest';
import { PlatformNotFoundError } from './registry-errors';

/** An operating system and processor as images name them: `{ os: 'linux', architecture: 'arm64' }`. */
export type Platform = { os: string; architecture: string; variant?: string };

// Node's name for a processor -> the one images use, where they differ.
const architectures: Record<string, string> = { x64: 'amd64', ia32: '386', ppc64: 'ppc64le', loong64: 'loong64' };

/** Linux on this machine's processor: images are built for Linux wherever Keelson itself runs. */
export const hostPlatform = (): Platform => ({
  os: 'linux',
  architecture: architectures[process.arch] ?? process.arch,
});

/** `os/architecture[/variant]`; undefined for anything else. */
export function parsePlatform(text: string): Platform | undefined {
  const [, os, architecture, variant] = /^([a-z0-9]+)\/([a-z0-9_]+)(?:\/([a-z0-9]+))?$/.exec(text) ?? [];
  if (os === undefined || architecture === undefined) return undefined;
  return { os, architecture, ...(variant === undefined ? {} : { variant }) };
}

export const formatPlatform = ({ os, architecture, variant }: LoosePlatform): string =>
  [os, architecture, ...(variant ? [variant] : [])].join('/');

/**
 * The image for a platform in an index or manifest list. Without a variant in `wanted`, the first of its architecture.
 * @throws PlatformNotFoundError that names the platforms there are
 */
export function resolvePlatform(index: ImageIndex, wanted: Platform, image = 'the image'): Descriptor {
  const found = index.manifests.find(({ platform }) => platform && fits(platform, wanted));
  if (found !== undefined) return found;
  const available = index.manifests.flatMap(({ platform }) =>
    // Attestations are listed as unknown/unknown: no platform, and nothing to run.
    !platform || platform.os === 'unknown' ? [] : [formatPlatform(asPlatform(platform))],
  );
  throw platformNotFound(image, wanted, [...new Set(available)]);
}

export const fits = (platform: LoosePlatform, wanted: Platform): boolean =>
  platform.os === wanted.os &&
  platform.architecture === wanted.architecture &&
  (wanted.variant === undefined || sameVariant(wanted.architecture, platform.variant, wanted.variant));

export function platformNotFound(image: string, wanted: Platform, available: readonly string[]): PlatformNotFoundError {
  const there = available.length === 0 ? 'for no platform' : `only for ${available.join(', ')}`;
  return new PlatformNotFoundError(`${image} is not there for ${formatPlatform(wanted)}, ${there}`, available);
}

type LoosePlatform = { os: string; architecture: string; variant?: string | undefined };

export const asPlatform = ({ os, architecture, variant }: LoosePlatform): Platform => ({
  os,
  architecture,
  ...(variant === undefined ? {} : { variant }),
});

// arm64 has one variant, v8, and most images do not name it.
const sameVariant = (architecture: string, has: string | undefined, wanted: string): boolean =>
  (has ?? (architecture === 'arm64' ? 'v8' : '')) === wanted;
