import { sha256Of } from './digest';
import type { ImageConfigDocument } from './image-config';
import type { LayerDescriptor } from './layer';
import type { Descriptor, ManifestContent } from './manifest';
import { layerTypeFor, mediaTypes } from './media-types';
import type { Platform } from './platform';

/** What an appended image is built upon. `scratch` has no layers, no name, and the wanted platform. */
export type BaseImage = {
  mediaType: string;
  layers: readonly Descriptor[];
  config: ImageConfigDocument;
  /** Missing for scratch. */
  origin?: { name: string; digest: string; namedDigest: string };
};

/** What is changed in the base's configuration. */
export type ConfigChanges = {
  /** RFC 3339; the commit's time, never the clock's: the same input must give the same bytes. */
  created: string;
  workdir?: string;
  env?: Readonly<Record<string, string>>;
  /** Those of `org.opencontainers.image.*` become annotations of the manifest too. */
  labels?: Readonly<Record<string, string>>;
  /** Of the manifest; Docker's format has none. */
  annotations?: Readonly<Record<string, string>>;
};

export type AssembledImage = { config: { digest: string; bytes: Uint8Array }; manifest: ManifestContent };

const standard = 'org.opencontainers.image.';

/**
 * The configuration and manifest of the base with layers on top. A function of its input alone: no clock, no chance, keys
 * in one order. The base's media types are kept, for Docker's old clients read nothing else.
 */
export function assembleImage(
  base: BaseImage,
  layers: readonly LayerDescriptor[],
  changes: ConfigChanges,
): AssembledImage {
  const labels = labelsOf(base, changes);
  const config = bytesOf(configOf(base, layers, { ...changes, labels }));
  const isDocker = base.mediaType === mediaTypes.dockerManifest;
  const own = Object.entries(labels).filter(([name]) => name.startsWith(standard));
  const annotations = sorted({ ...Object.fromEntries(own), ...changes.annotations });
  const manifest = bytesOf({
    schemaVersion: 2,
    mediaType: base.mediaType,
    config: {
      mediaType: isDocker ? mediaTypes.dockerConfig : mediaTypes.ociConfig,
      size: config.bytes.byteLength,
      digest: config.digest,
    },
    layers: [...base.layers, ...layers.map((layer) => descriptorOf(base.mediaType, layer))],
    ...(isDocker ? {} : { annotations }),
  });
  return { config, manifest: { ...manifest, mediaType: base.mediaType } };
}

/** The base of an image without a base. */
export const scratchBase = ({ os, architecture, variant }: Platform): BaseImage => ({
  mediaType: mediaTypes.ociManifest,
  layers: [],
  config: {
    architecture,
    os,
    ...(variant === undefined ? {} : { variant }),
    rootfs: { type: 'layers', diff_ids: [] },
    history: [],
  },
});

/** The base's own labels, but those that describe the base; then where it comes from; then the caller's. */
function labelsOf(base: BaseImage, changes: ConfigChanges): Record<string, string> {
  const inherited = Object.entries(base.config.config?.Labels ?? {}).filter(([name]) => !name.startsWith(standard));
  const { origin } = base;
  return sorted({
    ...Object.fromEntries(inherited),
    [`${standard}created`]: changes.created,
    ...(origin === undefined
      ? {}
      : { [`${standard}base.name`]: origin.name, [`${standard}base.digest`]: origin.digest }),
    ...changes.labels,
  });
}

function configOf(
  base: BaseImage,
  layers: readonly LayerDescriptor[],
  { created, workdir, env = {}, labels }: ConfigChanges,
): ImageConfigDocument {
  const { config, rootfs, history } = base.config;
  const steps = history ?? [];
  // A history that does not tell of every layer cannot be continued; it may be left out.
  const isWhole = steps.filter((step) => step.empty_layer !== true).length === base.layers.length;
  const added = layers.map(() => ({ created, created_by: 'keelson append' }));
  return {
    ...base.config,
    created,
    config: {
      ...config,
      Env: changedEnv(config?.Env ?? [], env),
      Labels: labels,
      ...(workdir === undefined ? {} : { WorkingDir: workdir }),
    },
    rootfs: { ...rootfs, diff_ids: [...(rootfs.diff_ids ?? []), ...layers.map((layer) => layer.diffId)] },
    // Undefined is left out of the JSON.
    history: isWhole ? [...steps, ...added] : undefined,
  };
}

/** `NAME=value` each: those of the base in their order, changed in their places, then the new ones by name. */
function changedEnv(base: readonly string[], changes: Readonly<Record<string, string>>): string[] {
  const left = new Map(Object.entries(sorted(changes)));
  const kept = base.map((entry) => {
    const name = entry.split('=', 1)[0] ?? '';
    const value = left.get(name);
    left.delete(name);
    return value === undefined ? entry : `${name}=${value}`;
  });
  return [...kept, ...[...left].map(([name, value]) => `${name}=${value}`)];
}

const descriptorOf = (manifestType: string, layer: LayerDescriptor): Descriptor => ({
  mediaType: layerTypeFor(manifestType, layer.mediaType),
  size: layer.sizeBytes,
  digest: layer.digest,
});

function bytesOf(document: object): { digest: string; bytes: Uint8Array } {
  const bytes = Buffer.from(JSON.stringify(document));
  return { digest: sha256Of(bytes), bytes };
}

// By code unit, as every machine does it, whatever its language.
const sorted = (texts: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(Object.entries(texts).sort(([a], [b]) => (a < b ? -1 : 1)));
