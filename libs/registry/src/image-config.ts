import { z } from 'zod';
import { formatImageReference, isDigest } from './image-reference';
import type { ImageReference } from './image-reference';
import type { ImageManifest } from './manifest';
import { mediaTypes } from './media-types';
import { asPlatform } from './platform';
import type { Platform } from './platform';
import type { RegistryClient } from './registry-client';
import { RegistryProtocolError, UnsupportedImageError } from './registry-errors';
import { parseJson } from './reply-body';
import { resolveImage } from './resolve-image';
import type { ResolvedImage } from './resolve-image';

const maxConfigBytes = 8 * 1024 * 1024;

// https://github.com/opencontainers/image-spec/blob/main/config.md ; Docker writes null where something is empty.
const texts = z.array(z.string()).nullish();

const execution = z.looseObject({
  User: z.string().nullish(),
  Env: texts,
  Entrypoint: texts,
  Cmd: texts,
  WorkingDir: z.string().nullish(),
  Labels: z.record(z.string(), z.string()).nullish(),
});

const imageConfigSchema = z.looseObject({
  architecture: z.string(),
  os: z.string(),
  variant: z.string().optional(),
  created: z.string().nullish(),
  config: execution.nullish(),
  rootfs: z.looseObject({ type: z.string(), diff_ids: z.array(z.string().refine(isDigest, 'no digest')).nullish() }),
  history: z.array(z.looseObject({ empty_layer: z.boolean().optional() })).nullish(),
});
/** An image's configuration as it is stored; fields we do not know are kept. */
export type ImageConfigDocument = z.infer<typeof imageConfigSchema>;

/** What an image says about how to run it. */
export type ImageConfig = {
  /** Of the platform's manifest. */
  digest: string;
  platform: Platform;
  entrypoint: readonly string[];
  cmd: readonly string[];
  /** '' when the image names none: the root directory. */
  workdir: string;
  /** As `NAME=value`. */
  env: readonly string[];
  /** '' when the image names none: root. */
  user: string;
  labels: Readonly<Record<string, string>>;
};

/** How to run the image. @throws ImageNotFoundError, PlatformNotFoundError, UnsupportedImageError */
export async function imageConfig(
  client: RegistryClient,
  image: { reference: ImageReference; platform?: Platform },
  signal: AbortSignal,
): Promise<ImageConfig> {
  const resolved = await resolveImage(client, image, signal);
  const document = await readConfig(client, resolved, signal);
  const config = document.config ?? {};
  return {
    digest: resolved.reference.digest,
    platform: asPlatform(document),
    entrypoint: config.Entrypoint ?? [],
    cmd: config.Cmd ?? [],
    workdir: config.WorkingDir ?? '',
    env: config.Env ?? [],
    user: config.User ?? '',
    labels: config.Labels ?? {},
  };
}

/**
 * The configuration document of an image.
 * @throws UnsupportedImageError when it is an artefact, RegistryProtocolError when it does not fit its manifest
 */
export async function readConfig(
  client: RegistryClient,
  { reference, manifest }: ResolvedImage,
  signal: AbortSignal,
): Promise<ImageConfigDocument> {
  const name = formatImageReference(reference);
  assertImage(name, manifest);
  const { digest } = manifest.config;
  const bytes = await client.blobBytes(reference, { digest, limitBytes: maxConfigBytes }, signal);
  const document = parseJson(bytes, imageConfigSchema, `${name}: its configuration`);
  const diffs = document.rootfs.diff_ids?.length ?? 0;
  if (diffs === manifest.layers.length) return document;
  throw new RegistryProtocolError(`${name}: ${manifest.layers.length} layers, but its configuration names ${diffs}`);
}

function assertImage(name: string, manifest: ImageManifest): void {
  const { mediaType } = manifest.config;
  if (mediaType === mediaTypes.ociConfig || mediaType === mediaTypes.dockerConfig) return;
  const what = manifest.artifactType ?? mediaType;
  throw new UnsupportedImageError(`${name} is no image that can be run or built upon, but an artefact of type ${what}`);
}
