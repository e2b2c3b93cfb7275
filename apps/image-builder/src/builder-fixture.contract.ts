import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { RequestListener, Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { composeEvent, eventTypes, newRunId } from '@keelson/events';
import type { RunData } from '@keelson/events';
import { beginKey, changeKey, Ledger, planKey, runName } from '@keelson/ledger';
import { DirObjectStore } from '@keelson/objects';
import { imageTags, planSchema } from '@keelson/pipeline';
import type { Pipeline } from '@keelson/pipeline';
import { appendImage, parseImageReference, pushSnapshot, RegistryClient } from '@keelson/registry';
import type { AppendRequest, RegistryClientOptions } from '@keelson/registry';
import { startRegistry } from '@keelson/registry-server';
import type { Registry } from '@keelson/registry-server';
import type { BuildQueued, ImageBuilderDeps } from './deps';

export const unaborted = new AbortController().signal;
export const source = '/repositories/widget';
export const ref = 'refs/heads/main';

/** What a run is of, where a test says more than its number. */
export type Asked = {
  sequence?: number;
  base?: string;
  commit?: string;
  build?: Pipeline['build'];
  tree?: Readonly<Record<string, string>>;
};

export type Elsewhere = { prefix: string; options: RegistryClientOptions };

/** A store, a ledger on it, and a registry with a store of its own. */
export class World {
  readonly notices: string[] = [];
  /** Called before the registry stores anything. */
  beforeStored: (key: string) => Promise<void> = () => Promise.resolve();
  /** Added to the time. */
  laterMs = 0;
  readonly #clients: RegistryClient[] = [];
  readonly #servers: Server[] = [];
  #client: RegistryClient | undefined;
  #nowMs = Date.parse('2026-01-02T03:04:05Z');

  private constructor(
    readonly root: string,
    readonly ledger: Ledger,
    readonly server: Registry,
    /** A registry that others reach, too; absent: the server's. */
    readonly elsewhere?: Elsewhere,
  ) {}

  static async open(elsewhere?: Elsewhere): Promise<World> {
    const root = mkdtempSync(path.join(tmpdir(), 'keelson-builder-'));
    const store = await DirObjectStore.open(path.join(root, 'registry'));
    const put = store.put.bind(store);
    const ledger = new Ledger(await DirObjectStore.open(path.join(root, 'store')));
    const world = new World(root, ledger, await startRegistry({ store }), elsewhere);
    store.put = async (key, ...rest) => {
      await world.beforeStored(key);
      return put(key, ...rest);
    };
    return world;
  }

  get client(): RegistryClient {
    return (this.#client ??= this.newClient());
  }

  get registry(): string {
    return this.elsewhere?.prefix ?? this.#own;
  }

  get #own(): string {
    return `localhost:${this.server.address.port}`;
  }

  /** What a new process would have. Its time moves at every look: one that is not read from a record is never told twice. */
  deps(more: Partial<ImageBuilderDeps> = {}): ImageBuilderDeps {
    return {
      ...{ ledger: new Ledger(this.ledger.store), client: this.newClient(), registryPrefix: this.registry },
      clock: () => (this.#nowMs += 1000) + this.laterMs,
      patienceMs: 600_000,
      notice: (_run, message) => void this.notices.push(message),
      ...more,
    };
  }

  /** A run whose source is frozen: its change, its begin, its snapshot, its plan, and the event that tells of it. */
  async frozen({
    sequence = 1,
    base = 'scratch',
    commit = sha1(`commit ${sequence}`),
    build = { strategy: 'append' },
    tree,
  }: Asked = {}): Promise<BuildQueued> {
    const run: RunData = { run: newRunId(), attempt: 1, source, ref, commit, sequence };
    const name = runName(run.run);
    const about = { run: run.run, name, source, ref, sequence, commit };
    const seenAt = '2026-01-02T03:04:00Z';
    await this.ledger.write(changeKey(source, ref, sequence), {
      ...about,
      ...{ kind: 'created', previous: null, contained: [], seenAt },
    });
    await this.ledger.write(beginKey(run.run, 1), {
      ...run,
      ...{ name, from: 'source', openedBy: 'bootstrapper', openedAt: seenAt },
    });
    const snapshot = await this.#snapshot(commit, tree);
    await this.ledger.write(planKey(run.run, planSchema), {
      ...about,
      ...{ commitTime: '2023-11-14T22:14:20Z', tree: 'e'.repeat(40), warnings: [], createdAt: seenAt, snapshot },
      pipeline: {
        image: { name: 'widget', base, workdir: '/src', git: 'none' },
        build,
        test: 'none',
      },
    });
    return composeEvent({
      ...{ type: eventTypes.buildQueued, work: { run: run.run, attempt: 1, stage: 'source' }, service: 'bootstrapper' },
      ...{ subjectId: `${run.run}/1/build`, content: {}, time: seenAt, customData: { ...run, snapshot } },
    });
  }

  /** An image in the registry, to build upon. */
  async image(name: string, more: Partial<AppendRequest> = {}): Promise<string> {
    const { layer, reference } = await this.#snapshot('f'.repeat(40));
    await appendImage(this.client, {
      ...{ base: 'scratch', layers: [{ ...layer, from: parseImageReference(reference) }], signal: unaborted },
      ...{
        target: { repository: `${this.registry}/${name}`, tags: ['1'] },
        config: { created: '2020-01-01T00:00:00Z' },
      },
      ...more,
    });
    return `${this.registry}/${name}:1`;
  }

  /** Layers of these trees, in the registry, to be put into an image. */
  async layers(...trees: readonly Readonly<Record<string, string>>[]): Promise<AppendRequest['layers']> {
    const stored = [];
    for (const tree of trees) {
      const { layer, reference } = await this.#snapshot('f'.repeat(40), tree);
      stored.push({ ...layer, from: parseImageReference(reference) });
    }
    return stored;
  }

  /** The digest a tag of `widget` points at. */
  async tagged(tag: string): Promise<string | undefined> {
    return (await this.client.head(parseImageReference(`${this.registry}/widget:${tag}`), unaborted))?.digest;
  }

  newClient(): RegistryClient {
    const client = new RegistryClient(this.elsewhere?.options);
    this.#clients.push(client);
    return client;
  }

  /** A server of the test's own, for what the registry never does. Returns `localhost:port`. */
  async listen(answer: RequestListener): Promise<string> {
    const server = createServer(answer);
    this.#servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return `localhost:${(server.address() as AddressInfo).port}`;
  }

  async end(): Promise<void> {
    // A connection on which nothing was sent yet would keep the registry from closing.
    for (const client of this.#clients) await client.close();
    for (const server of this.#servers) {
      server.closeAllConnections();
      server.close();
    }
    await this.server.close();
    rmSync(this.root, { recursive: true });
  }

  /** The tree below `/src`, as bootstrapper freezes it. */
  #archive(tree: Readonly<Record<string, string>>): Buffer {
    const directory = mkdtempSync(path.join(this.root, 'tree-'));
    for (const [name, content] of Object.entries(tree)) {
      const file = path.join(directory, 'src', name);
      mkdirSync(path.dirname(file), { recursive: true });
      writeFileSync(file, content);
    }
    return execFileSync('tar', ['--format=ustar', '--mtime=@1', '-cf', '-', '-C', directory, 'src'], {
      maxBuffer: 1e8,
    });
  }

  async #snapshot(commit: string, tree?: Asked['tree']) {
    const bytes = tree === undefined ? Buffer.from(`the tree of ${commit}`.padEnd(1024, '.')) : this.#archive(tree);
    const digest = `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
    const mediaType = 'application/vnd.oci.image.layer.v1.tar';
    const layer = { digest, diffId: digest, sizeBytes: bytes.length, mediaType };
    async function* open() {
      yield bytes;
      await Promise.resolve();
    }
    const artifactType = 'application/vnd.keelson.source.v1';
    const annotations = { 'org.opencontainers.image.revision': commit };
    const repository = `${this.registry}/widget-source`;
    const request = { repository, layer: { ...layer, open }, artifactType, annotations, signal: unaborted };
    return { ...(await pushSnapshot(this.client, request)), layer };
  }
}

export const sha1 = (text: string): string => createHash('sha1').update(text).digest('hex');

/** The tags of the image that this event asks for. */
export const tagsOf = ({ data }: BuildQueued) => imageTags(data.customData);
