import { appendImage } from '../append-image';
import type { AppendedImage, AppendRequest } from '../append-image';
import { parseImageReference } from '../image-reference';
import type { ImageReference } from '../image-reference';
import type { LayerSource } from '../layer';
import { pushSnapshot } from '../push-snapshot';
import { RegistryClient } from '../registry-client';
import { startHttpFaultProxy } from '@keelson/testbed';
import type { HttpFaultProxy } from '@keelson/testbed';
import { startRegistry } from './private-registry';
import type { PrivateRegistry } from './private-registry';
import { layerOf, pushImage } from './sample-images';

export const amd64 = { os: 'linux', architecture: 'amd64' };
export const baseLayers = Array.from({ length: 12 }, (_, index) => layerOf(`base-${index}`, `${index}`, 'gzip'));
export const source = layerOf('src/main.txt', 'the source', 'gzip');

/** A registry with base images and a snapshot, a proxy before it, and a client that knows nothing yet. */
export class AppendSetup {
  client = new RegistryClient();

  private constructor(
    readonly registry: PrivateRegistry,
    readonly proxy: HttpFaultProxy,
  ) {}

  static async start(): Promise<AppendSetup> {
    const registry = await startRegistry();
    const setup = new AppendSetup(registry, await startHttpFaultProxy(registry.address));
    const { client } = setup;
    await pushImage(client, setup.image('base/oci:1'), { layers: baseLayers });
    await pushImage(client, setup.image('base/docker:1'), { layers: baseLayers, family: 'docker' });
    await pushSnapshot(client, {
      ...{ repository: `${setup.proxy.address}/source`, layer: source, signal: new AbortController().signal },
      ...{ artifactType: 'application/vnd.keelson.source.v1', annotations: { commit: '1' }, tag: 'snapshot' },
    });
    return setup;
  }

  /** Between tests: no faults, nothing seen, nothing known. */
  async renew(): Promise<void> {
    await this.client.close();
    this.client = new RegistryClient();
    this.proxy.fault = undefined;
    this.proxy.seen.length = 0;
  }

  async close(): Promise<void> {
    await this.client.close();
    await this.proxy.close();
    await this.registry.close();
  }

  image(name: string): ImageReference {
    return parseImageReference(`${this.proxy.address}/${name}`);
  }

  /** Appends the snapshot's layer to the OCI base, as `<name>:1`. */
  append(name: string, changes: Partial<AppendRequest> = {}): Promise<AppendedImage> {
    const { digest, diffId, sizeBytes, mediaType } = source;
    const labels = { 'org.opencontainers.image.revision': 'abc' };
    return appendImage(this.client, {
      base: this.image('base/oci:1'),
      layers: [{ digest, diffId, sizeBytes, mediaType, from: this.image('source') }],
      target: { repository: `${this.proxy.address}/${name}`, tags: ['1'] },
      config: { created: '2020-01-02T03:04:05Z', workdir: '/src', labels },
      ...{ platform: amd64, signal: new AbortController().signal, ...changes },
    });
  }

  /** The methods of what was seen, sorted. */
  methods(): string {
    const methods = this.proxy.seen.map(({ method }) => method);
    return methods.sort().join(' ');
  }

  async layersOf(reference: string): Promise<{ digest: string; mediaType: string }[]> {
    const { bytes } = await this.client.manifest(parseImageReference(reference), new AbortController().signal);
    return (JSON.parse(Buffer.from(bytes).toString()) as { layers: { digest: string; mediaType: string }[] }).layers;
  }

  /** Fails when one of the layers is not there whole. */
  async readAll(reference: string, layers: readonly LayerSource[]): Promise<void> {
    const { signal } = new AbortController();
    for (const { digest, sizeBytes } of layers) {
      await this.client.blobBytes(parseImageReference(reference), { digest, limitBytes: sizeBytes }, signal);
    }
  }
}
