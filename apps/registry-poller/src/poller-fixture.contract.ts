import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { AddressInfo } from 'node:net';
import { composeEvent, eventTypes, newRunId } from '@keelson/events';
import type { RunData } from '@keelson/events';
import { changeKey, imageKey, Ledger, runName } from '@keelson/ledger';
import { DirObjectStore } from '@keelson/objects';
import { appendImage, parseImageReference, pushSnapshot, RegistryClient } from '@keelson/registry';
import { startRegistry } from '@keelson/registry-server';
import type { Registry } from '@keelson/registry-server';
import { freePort } from '@keelson/testbed';
import type { Packaged, RegistryPollerDeps } from './deps';

export const unaborted = new AbortController().signal;

/** A store, a ledger on it, and a registry with a store of its own. */
export class World {
  readonly notices: string[] = [];
  /** Added to the time. */
  laterMs = 0;
  readonly #clients: RegistryClient[] = [];
  readonly client = this.newClient();
  #server: Registry;
  #nowMs = Date.parse('2026-01-02T03:04:05Z');

  private constructor(
    readonly root: string,
    readonly ledger: Ledger,
    { server, store }: { server: Registry; store: DirObjectStore },
  ) {
    this.#server = server;
    this.startRegistry = async () => {
      this.#server = await startRegistry({ store, port: this.#server.address.port });
    };
  }

  static async open(): Promise<World> {
    const root = mkdtempSync(path.join(tmpdir(), 'keelson-poller-'));
    const store = await DirObjectStore.open(path.join(root, 'registry'));
    const ledger = new Ledger(await DirObjectStore.open(path.join(root, 'store')));
    return new World(root, ledger, { store, server: await startRegistry({ store, port: await freePort() }) });
  }

  /** As after a pause: on the address it had. */
  readonly startRegistry: () => Promise<void>;
  stopRegistry = (): Promise<void> => this.#server.close();

  get registry(): string {
    return `localhost:${this.#server.address.port}`;
  }

  newClient(): RegistryClient {
    const client = new RegistryClient();
    this.#clients.push(client);
    return client;
  }

  /** What a new process would have. Its time moves at every look: one that is not read from a record is never told twice. */
  deps(more: Partial<RegistryPollerDeps> = {}): RegistryPollerDeps {
    return {
      ...{ ledger: new Ledger(this.ledger.store), client: this.newClient(), watched: [], pollMs: 10_000 },
      clock: () => (this.#nowMs += 1000) + this.laterMs,
      patienceMs: 600_000,
      notice: (about, message) => void this.notices.push(`${about}: ${message}`),
      ...more,
    };
  }

  /** Pushes an image of this text to `widget:<tag>` as anybody could, and returns its digest. */
  async push(text: string, tag: string, repository = 'widget'): Promise<string> {
    const bytes = Buffer.from(text);
    const digest = `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
    const layer = {
      digest,
      diffId: digest,
      sizeBytes: bytes.length,
      mediaType: 'application/vnd.oci.image.layer.v1.tar',
    };
    async function* open() {
      yield bytes;
      await Promise.resolve();
    }
    const from = `${this.registry}/sources`;
    const { reference } = await pushSnapshot(this.client, {
      ...{ repository: from, layer: { ...layer, open }, artifactType: 'application/x-source', annotations: {} },
      signal: unaborted,
    });
    const image = await appendImage(this.client, {
      ...{ base: 'scratch', layers: [{ ...layer, from: parseImageReference(reference) }], signal: unaborted },
      ...{
        target: { repository: `${this.registry}/${repository}`, tags: [tag] },
        config: { created: '2020-01-01T00:00:00Z' },
      },
    });
    return image.digest;
  }

  /** As the image builder does: recorded as ours before the tag points at it. */
  async pushOurs(text: string, tag: string): Promise<{ digest: string; run: string }> {
    const digest = await this.push(text, `${tag}-1-abc`);
    const [run, repository] = [newRunId(), `${this.registry}/widget`];
    await this.ledger.write(imageKey(repository, digest, run), { run, attempt: 1, repository, digest });
    await this.push(text, tag);
    return { digest, run };
  }

  /** What the image builder tells of an image. */
  async packaged(digest: string, { sequence = 1 } = {}): Promise<Packaged> {
    const [source, ref, commit] = ['/repositories/widget', 'refs/heads/main', 'c'.repeat(40)];
    const run: RunData = { run: newRunId(), attempt: 1, source, ref, commit, sequence };
    await this.ledger.write(changeKey(source, ref, sequence), {
      ...{ run: run.run, name: runName(run.run), source, ref, sequence, commit, kind: 'created' },
      ...{ previous: null, contained: [], seenAt: '2026-01-02T03:04:00Z' },
    });
    const image = { repository: `${this.registry}/widget`, digest, tag: 'main-1-abc' };
    return composeEvent({
      ...{
        type: eventTypes.artifactPackaged,
        work: { run: run.run, attempt: 1, stage: 'build' },
        service: 'image-builder',
      },
      ...{
        subjectId: `${image.repository}@${digest}`,
        content: { change: { id: commit } },
        time: '2026-01-02T03:04:00Z',
      },
      customData: { ...run, image },
    });
  }

  async end(): Promise<void> {
    // A connection on which nothing was sent yet would keep the registry from closing.
    for (const client of this.#clients) await client.close();
    await this.#server.close();
    rmSync(this.root, { recursive: true });
  }
}

/** A registry that refuses everything, until the test ends. Returns `localhost:port`. */
export async function refusing(status: number): Promise<{ address: string; close: () => void }> {
  const headers = status === 401 ? { 'www-authenticate': 'Basic realm="private"' } : {};
  const server = createServer((_request, response) => response.writeHead(status, headers).end());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const close = () => {
    server.closeAllConnections();
    server.close();
  };
  return { address: `localhost:${(server.address() as AddressInfo).port}`, close };
}
