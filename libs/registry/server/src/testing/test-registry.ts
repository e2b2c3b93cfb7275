import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { DirObjectStore } from '@keelson/objects';
import type { ObjectStore } from '@keelson/objects';
import type { RegistryLimits, RegistryOptions, RegistryWarning } from '../options';
import type { Registry } from '../registry';
import { startRegistry } from '../registry';

export const imageType = 'application/vnd.oci.image.manifest.v1+json';
export const indexType = 'application/vnd.oci.image.index.v1+json';

export const sha256 = (bytes: Uint8Array): string => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
export const sha512 = (bytes: Uint8Array): string => `sha512:${createHash('sha512').update(bytes).digest('hex')}`;

/** What an error answer says: its codes. */
export async function codes(response: Response): Promise<readonly string[]> {
  const { errors } = (await response.json()) as { errors: { code: string; message: string }[] };
  if (errors.some(({ message }) => message === '')) throw new Error('an error without a message');
  return errors.map(({ code }) => code);
}

export const temporaryDirectory = (): Promise<string> => mkdtemp(path.join(tmpdir(), 'keelson-registry-'));

/** A registry on a store of its own, and a client of a few lines. */
export class TestRegistry {
  readonly warnings: RegistryWarning[] = [];
  private registry: Registry | undefined;

  private constructor(
    readonly store: ObjectStore,
    private options: Partial<RegistryOptions>,
    private readonly directory: string,
  ) {}

  static async start(options: Partial<RegistryOptions> = {}): Promise<TestRegistry> {
    const directory = await temporaryDirectory();
    const test = new TestRegistry(options.store ?? (await DirObjectStore.open(directory)), options, directory);
    await test.open();
    return test;
  }

  /** As after a crash: nothing in memory is left, only the store. */
  async restart(limits?: Partial<RegistryLimits>): Promise<void> {
    await this.stop();
    if (limits) this.options = { ...this.options, limits };
    await this.open();
  }

  /** Ends it and keeps its store. */
  async stop(): Promise<void> {
    await this.registry?.close();
  }

  /** Ends it and removes its store. */
  async close(): Promise<void> {
    await this.stop();
    await rm(this.directory, { recursive: true, force: true });
  }

  get address(): Registry['address'] {
    if (!this.registry) throw new Error('the registry is not started');
    return this.registry.address;
  }

  url(path: string): string {
    return `http://${this.address.host}:${String(this.address.port)}${path}`;
  }

  request(method: string, path: string, init: RequestInit = {}): Promise<Response> {
    return fetch(this.url(path), { method, ...init });
  }

  get(path: string, headers: Record<string, string> = {}): Promise<Response> {
    return this.request('GET', path, { headers });
  }

  /** Begins an upload. @returns the path of its Location */
  async begin(name: string): Promise<string> {
    const response = await this.request('POST', `/v2/${name}/blobs/uploads/`);
    const location = response.headers.get('location');
    if (response.status !== 202 || !location) throw new Error(`POST answered ${String(response.status)}`);
    return location;
  }

  /** Sends one chunk, `first` being where it says that it belongs. */
  patch(location: string, bytes: Uint8Array, first?: number): Promise<Response> {
    const range =
      first === undefined ? {} : { 'Content-Range': `${String(first)}-${String(first + bytes.length - 1)}` };
    return this.request('PATCH', location, { body: bytes, headers: range });
  }

  finish(location: string, digest: string, bytes?: Uint8Array): Promise<Response> {
    return this.request('PUT', `${location}?digest=${digest}`, bytes ? { body: bytes } : {});
  }

  /** Pushes a blob by POST and PUT. @returns its digest */
  async push(name: string, bytes: Uint8Array = randomBytes(100)): Promise<string> {
    const response = await this.finish(await this.begin(name), sha256(bytes), bytes);
    if (response.status !== 201) throw new Error(`PUT answered ${String(response.status)}: ${await response.text()}`);
    return sha256(bytes);
  }

  /** An image manifest over blobs that are pushed for it. */
  async image(name: string, more: object = {}): Promise<Buffer> {
    const config = Buffer.from('{}');
    const layer = randomBytes(64);
    await this.push(name, config);
    await this.push(name, layer);
    const manifest = {
      schemaVersion: 2,
      mediaType: imageType,
      config: { mediaType: 'application/vnd.oci.image.config.v1+json', digest: sha256(config), size: config.length },
      layers: [{ mediaType: 'application/vnd.oci.image.layer.v1.tar', digest: sha256(layer), size: layer.length }],
      ...more,
    };
    return Buffer.from(JSON.stringify(manifest));
  }

  /** @param path `<name>/manifests/<reference>` */
  putManifest(path: string, bytes: Uint8Array, type = imageType): Promise<Response> {
    return this.request('PUT', `/v2/${path}`, { body: bytes, headers: { 'Content-Type': type } });
  }

  private async open(): Promise<void> {
    this.registry = await startRegistry({
      store: this.store,
      onWarning: (warning) => this.warnings.push(warning),
      ...this.options,
    });
  }
}
