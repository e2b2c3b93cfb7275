import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import type { ImageReference, Repository } from '../image-reference';
import type { LayerSource } from '../layer';
import { mediaTypes } from '../media-types';
import type { RegistryClient } from '../registry-client';

export const digestOf = (bytes: Uint8Array): string => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;

/** A tar with one file in it, as layers are. */
export function tarOf(name: string, content: string): Buffer {
  const body = Buffer.from(content);
  return Buffer.concat([
    tarHead(name, body.length),
    body,
    Buffer.alloc((512 - (body.length % 512)) % 512),
    Buffer.alloc(1024),
  ]);
}

/** What stands before a file's content in a tar. */
export function tarHead(name: string, sizeBytes: number): Buffer {
  const header = Buffer.alloc(512);
  header.write(name, 0);
  header.write('0000644\0', 100);
  header.write('0000000\0', 108);
  header.write('0000000\0', 116);
  header.write(`${sizeBytes.toString(8).padStart(11, '0')}\0`, 124);
  header.write('00000000000\0', 136);
  header.write('        0', 148);
  header.write('ustar\x0000', 257);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return header;
}

/** A layer of one file, as it is or in gzip. */
export function layerOf(name: string, content: string, codec: 'none' | 'gzip' = 'none'): LayerSource {
  const tar = tarOf(name, content);
  const blob = codec === 'gzip' ? gzipSync(tar) : tar;
  const mediaType = codec === 'gzip' ? `${mediaTypes.ociLayer}+gzip` : mediaTypes.ociLayer;
  return {
    ...{ digest: digestOf(blob), diffId: digestOf(tar), sizeBytes: blob.length, mediaType },
    open: async function* () {
      yield blob.subarray(0, 100);
      yield await Promise.resolve(blob.subarray(100));
    },
  };
}

export type Family = 'oci' | 'docker';

/** Pushes an image of some layers, made by hand so that the code under test has no part in it but the upload. */
export async function pushImage(
  client: RegistryClient,
  reference: ImageReference,
  options: {
    family?: Family;
    layers?: readonly LayerSource[];
    architecture?: string;
    variant?: string;
    config?: object;
  } = {},
): Promise<{ digest: string; bytes: Buffer; mediaType: string }> {
  const { signal } = new AbortController();
  const { family = 'oci', layers = [layerOf('base.txt', 'base', 'gzip')], architecture = 'amd64', variant } = options;
  const config = Buffer.from(
    JSON.stringify({
      ...{ architecture, os: 'linux', ...(variant === undefined ? {} : { variant }) },
      config: options.config ?? { Env: ['PATH=/bin', 'A=1'], Cmd: ['sh'], Labels: { 'registry.repo': 'base' } },
      rootfs: { type: 'layers', diff_ids: layers.map((layer) => layer.diffId) },
      history: layers.map(() => ({ created_by: 'base' })),
      'x.unknown': { kept: true },
    }),
  );
  for (const layer of layers) await client.putBlob(reference, layer, signal);
  await client.putBlob(reference, { digest: digestOf(config), sizeBytes: config.length, open: () => config }, signal);
  const isDocker = family === 'docker';
  const mediaType = isDocker ? mediaTypes.dockerManifest : mediaTypes.ociManifest;
  const dockerLayer = (type: string) => type.replace(mediaTypes.ociLayer, mediaTypes.dockerLayer).replace('+', '.');
  const manifest = {
    ...{ schemaVersion: 2, mediaType },
    config: {
      mediaType: isDocker ? mediaTypes.dockerConfig : mediaTypes.ociConfig,
      ...{ size: config.length, digest: digestOf(config) },
    },
    layers: layers.map((layer) => ({
      mediaType: isDocker ? dockerLayer(layer.mediaType) : layer.mediaType,
      ...{ size: layer.sizeBytes, digest: layer.digest },
    })),
  };
  return putDocument(client, reference, manifest);
}

/** Pushes an index of images that are in the repository already. */
export function pushIndex(
  client: RegistryClient,
  reference: ImageReference,
  manifests: readonly { digest: string; bytes: Uint8Array; mediaType: string; platform: object }[],
): Promise<{ digest: string; bytes: Buffer; mediaType: string }> {
  const listed = manifests.map(({ digest, bytes, mediaType, platform }) => ({
    mediaType,
    digest,
    size: bytes.length,
    platform,
  }));
  return putDocument(client, reference, { mediaType: mediaTypes.ociIndex, schemaVersion: 2, manifests: listed });
}

type Document = { schemaVersion: number; mediaType: string; [field: string]: unknown };

async function putDocument(
  client: RegistryClient,
  reference: ImageReference,
  document: Document,
): Promise<{ digest: string; bytes: Buffer; mediaType: string }> {
  const bytes = Buffer.from(JSON.stringify(document));
  await client.putManifest(reference, { mediaType: document.mediaType, bytes }, new AbortController().signal);
  return { digest: digestOf(bytes), bytes, mediaType: document.mediaType };
}

export const repository = (registry: string, name: string): Repository => ({ registry, repository: name });
