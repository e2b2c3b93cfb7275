import { appendImage, parseImageReference, RegistryClient } from '@keelson/registry';
import type { ImageReference } from '@keelson/registry';
import { servers } from '@keelson/testbed';
import { layerOf } from '../../../libs/registry/src/testing/sample-images';

const { signal } = new AbortController();

/** An image of a test's own to build upon, whose tag the test moves. */
export class MovingBase {
  readonly client = new RegistryClient({ registries: [{ name: servers.registry, plainHttp: true }] });
  readonly reference: string;
  readonly #at: ImageReference;

  /** @param prefix of a test's own, below the testbed's registry */
  constructor(prefix: string) {
    this.reference = `${servers.registry}/${prefix}/base:1`;
    this.#at = parseImageReference(this.reference);
  }

  /** Makes the tag point at an image with a shell and a `base.txt` of this text. Returns its digest. */
  async push(text: string): Promise<string> {
    const { registry, repository } = this.#at;
    const layer = layerOf('base.txt', text, 'gzip');
    await this.client.putBlob({ registry, repository }, layer, signal);
    const image = await appendImage(this.client, {
      ...{ base: parseImageReference(`${servers.registry}/busybox:1`), signal },
      layers: [{ ...layer, from: { registry, repository } }],
      target: { repository: `${registry}/${repository}`, tags: ['1'] },
      config: { created: '2026-01-01T00:00:00Z' },
    });
    return image.digest;
  }

  /** Whether the registry has an image of this digest. */
  async has({ repository, digest }: { repository: string; digest: string }): Promise<boolean> {
    return (await this.client.head(parseImageReference(`${repository}@${digest}`), signal)) !== undefined;
  }
}
