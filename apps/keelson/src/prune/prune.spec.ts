import { createHash, randomBytes } from 'node:crypto';
import { newRunId } from '@keelson/events';
import { Ledger, planKey, runName } from '@keelson/ledger';
import { DirObjectStore } from '@keelson/objects';
import { planSchema } from '@keelson/pipeline';
import { dockerCopyName, parseImageReference, RegistryClient } from '@keelson/registry';
import { startRegistry } from '@keelson/registry-server';
import type { Registry } from '@keelson/registry-server';
import { newDirectory, unaborted } from '../fixture.contract';
import { baseCopies } from './base-copies';
import { cachedLayers } from './cached-layers';
import { prunePlan } from './prune-plan';
import type { PruneRules } from './prune-plan';
import { reachableRuns } from './reachable';
import { RegistryContents } from './registry-contents';
import type { RunFacts } from './run-facts';

const dayMs = 24 * 3_600_000;
const nowMs = Date.parse('2026-06-01T00:00:00Z');
const sha256 = (bytes: Uint8Array): string => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
const [imageType, indexType] = ['image.manifest', 'image.index'].map((kind) => `application/vnd.oci.${kind}.v1+json`);

describe('what prune lets go of', () => {
  let server: Registry;
  let client: RegistryClient;
  let ledger: Ledger;
  beforeEach(async () => {
    server = await startRegistry({ store: await DirObjectStore.open(newDirectory()) });
    ledger = new Ledger(await DirObjectStore.open(newDirectory()));
    client = new RegistryClient();
  });
  afterEach(async () => {
    await client.close();
    await server.close();
  });

  const registry = () => `localhost:${server.address.port}`;
  const rules = (more: Partial<PruneRules> = {}): PruneRules => ({
    ...{ keep: 1, olderThanMs: 30 * dayMs, nowMs, isGone: () => false, budgetBytes: undefined },
    ...more,
  });

  async function put(name: string, document: object, mediaType: string): Promise<string> {
    const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType, ...document }));
    const reference = parseImageReference(`${registry()}/${name}`);
    const named = reference.tag === 'latest' && !name.includes(':') ? { ...reference, tag: undefined } : reference;
    const { tag, ...rest } = named;
    const target = tag === undefined ? { ...rest, digest: sha256(bytes) } : { ...rest, tag };
    await client.putManifest(target, { mediaType, bytes }, unaborted);
    return sha256(bytes);
  }
  async function blob(name: string, bytes: Buffer, mediaType: string) {
    const target = parseImageReference(`${registry()}/${name}`);
    await client.putBlob(target, { digest: sha256(bytes), sizeBytes: bytes.length, open: () => bytes }, unaborted);
    return { mediaType, digest: sha256(bytes), size: bytes.length };
  }
  async function image(name: string, layer = randomBytes(1000), config: object = { n: Math.random() }) {
    const repository = name.replace(/:.*/, '');
    const configType = 'application/vnd.oci.image.config.v1+json';
    return put(
      name,
      {
        config: await blob(repository, Buffer.from(JSON.stringify(config)), configType),
        layers: [await blob(repository, layer, 'application/vnd.oci.image.layer.v1.tar')],
      },
      imageType!,
    );
  }
  /** A run of `main`, that ended so many days ago, with this image. */
  function run(sequence: number, days: number, digest: string, more: Partial<RunFacts> = {}): RunFacts {
    const id = newRunId();
    return {
      ...{ run: id, name: `run-${sequence}`, source: '/w/widget', ref: 'refs/heads/main', sequence },
      ...{ commit: String(sequence), atMs: nowMs - days * dayMs, hasEnded: true, isGreen: true, isCached: false },
      ...{ image: [{ repository: `${registry()}/widget`, digest }], snapshot: [], tags: [], copiedBases: [], ...more },
    };
  }
  async function planned({ run: id, source, ref }: RunFacts, strategy: 'kaniko' | 'makisu'): Promise<void> {
    const [commit, digest] = ['c'.repeat(40), `sha256:${'d'.repeat(64)}`];
    await ledger.write(planKey(id, planSchema), {
      ...{ run: id, name: runName(id), source, ref, sequence: 1, commit },
      ...{ commitTime: 'x', tree: commit, warnings: [], createdAt: '2026-01-01T00:00:00Z' },
      pipeline: { image: { base: 'scratch', workdir: '/src', git: 'none' }, build: { strategy }, test: 'none' },
      snapshot: { reference: 'a.b/c', digest, layer: { digest, diffId: digest, sizeBytes: 1, mediaType: 'x' } },
    });
  }
  const planOf = (runs: readonly RunFacts[], more: Partial<PruneRules> = {}) =>
    prunePlan({ runs, caches: [] }, new RegistryContents(client, unaborted), rules(more));

  it('is an image with its own bytes, and not with the layer that a kept one has too', async () => {
    const shared = randomBytes(5000);
    const [old, kept] = [await image('widget', shared), await image('widget', shared)];
    const { garbage, freedBytes } = await planOf([run(1, 90, old), run(2, 80, kept)]);
    expect(garbage).toMatchObject([{ kind: 'image', runs: ['run-1'], content: { manifests: [old] } }]);
    expect(freedBytes).toBeLessThan(1000);
  });

  it('is an index with those of its images that no kept index lists', async () => {
    const [one, two, three] = [await image('widget'), await image('widget'), await image('widget')];
    const index = (...digests: string[]) =>
      put('widget', { manifests: digests.map((digest) => ({ mediaType: imageType, digest, size: 1 })) }, indexType!);
    const [old, kept] = [await index(one, two), await index(two, three)];
    const { garbage } = await planOf([run(1, 90, old), run(2, 80, kept)]);
    expect(garbage.map(({ content }) => content.manifests)).toEqual([[old, one]]);
  });

  it('is nothing that a newer run has as well, nor what is gone already', async () => {
    const same = await image('widget');
    const gone = sha256(randomBytes(1));
    expect((await planOf([run(1, 90, same), run(2, 85, gone), run(3, 80, same)])).garbage).toEqual([]);
  });

  it('is what Kaniko cached long ago, and the cache of an image that nobody builds any more', async () => {
    const at = (days: number) => ({ created: new Date(nowMs - days * dayMs).toISOString() });
    const cache = 'keelson-cache/widget';
    const [old, young] = [
      await image(`${cache}:a`, randomBytes(100), at(90)),
      await image(`${cache}:b`, randomBytes(100), at(2)),
    ];
    // BuildKit's cache: layers in an index, and no word of when.
    const layer = await blob(cache, randomBytes(100), 'application/vnd.oci.image.layer.v1.tar+zstd');
    const config = await blob(cache, randomBytes(10), 'application/vnd.buildkit.cacheconfig.v0');
    const buildkit = await put(`${cache}:c`, { config, layers: [layer] }, imageType!);
    const built = async (days: number) => {
      const facts = run(1, days, await image('widget'), { isCached: true });
      await planned(facts, 'kaniko');
      const contents = new RegistryContents(client, unaborted);
      const means = { ledger, contents, rules: rules(), cacheName: 'keelson-cache' };
      const items = await cachedLayers([facts], means);
      return new Map(items.map(({ pushed, hold }) => [pushed.digest, hold]));
    };
    expect(await built(2)).toEqual(
      new Map([
        [old, 'loose'],
        [young, 'soft'],
        [buildkit, 'soft'],
      ]),
    );
    expect((await built(60)).get(buildkit)).toBe('loose');
  });

  it('is a base that was copied for Makisu, when no kept run was built on it and Makisu does not work', async () => {
    const copyOf = async (tag: string, original: string, layer = randomBytes(100)) => {
      const name = dockerCopyName(
        'keelson-cache/bases/',
        parseImageReference(`base.example/team/base:${tag}`),
        original,
      );
      return image(name, layer, { n: 1 });
    };
    const [one, two, three] = ['1', '2', '3'].map((digit) => `sha256:${digit.repeat(64)}`) as [string, string, string];
    const same = randomBytes(100);
    const [old, twice, used] = [await copyOf('1', one), await copyOf('2', two, same), await copyOf('4', three)];
    expect(await copyOf('3', two, same)).toBe(twice); // by another of its tags
    const built = async (sequence: number, days: number, tag: string, digest: string, more: Partial<RunFacts> = {}) => {
      const copiedBases = [{ reference: `base.example/team/base:${tag}`, digest }];
      const facts = run(sequence, days, await image('widget'), { isCached: true, copiedBases, ...more });
      await planned(facts, 'makisu');
      return facts;
    };
    const runs = [await built(1, 90, '1', one), await built(2, 80, '2', two), await built(3, 70, '3', two)];
    const newest = await built(4, 60, '4', three);
    const contents = new RegistryContents(client, unaborted);
    const copies = (of: readonly RunFacts[], more: Partial<PruneRules> = {}) =>
      baseCopies(of, { ledger, contents, rules: rules(more), cacheName: 'keelson-cache' });
    const holdsOf = async (of: readonly RunFacts[], more?: Partial<PruneRules>) =>
      new Map((await copies(of, more)).map(({ pushed, hold }) => [pushed.digest, hold]));
    expect(await holdsOf([...runs, newest])).toEqual(
      new Map([
        [old, 'loose'],
        [twice, 'loose'],
        [used, 'firm'],
      ]),
    );
    expect((await holdsOf([...runs, newest], { keep: 2 })).get(twice)).toBe('soft');
    // One that no run tells of is as old as the newest build.
    expect((await holdsOf(runs)).get(used)).toBe('loose');
    expect((await holdsOf([...runs, await built(5, 2, '1', one)])).get(used)).toBe('soft');
    const open = await built(6, 0, '9', three, { hasEnded: false, copiedBases: [] });
    expect(new Set((await holdsOf([...runs, newest, open])).values())).toEqual(new Set(['firm']));

    const caches = await copies([...runs, newest]);
    const { garbage } = await prunePlan({ runs: [newest], caches }, contents, rules());
    expect(garbage).toMatchObject([
      { kind: 'base', runs: ['run-1'], content: { manifests: [old] } },
      { kind: 'base', runs: ['run-2', 'run-3'], content: { manifests: [twice] } },
    ]);
  });

  it('is nothing in a registry that does not answer, which is said', async () => {
    const digest = await image('widget');
    const elsewhere = { repository: 'localhost:1/widget', digest };
    const runs = [run(1, 90, digest, { image: [elsewhere] }), run(2, 80, digest)];
    const said: string[] = [];
    const say = (registry: string, why: string) => void said.push(`${registry}: ${why}`);
    const there = await reachableRuns(runs, { client, say, signal: unaborted });
    expect(there.map(({ image: [found] }) => found?.repository)).toEqual([undefined, `${registry()}/widget`]);
    expect(said).toEqual([expect.stringMatching(/^localhost:1: .*refused/)]);
  });

  it('is for a budget the oldest that only age or number keeps, whatever its repository', async () => {
    const digests = [await image('widget'), await image('widget'), await image('widget'), await image('widget')];
    const runs = digests.map((digest, at) => run(at + 1, 10 - at, digest));
    const { keptBytes } = await planOf(runs);
    const { garbage, keptBytes: left } = await planOf(runs, { budgetBytes: keptBytes - 1500 });
    expect(garbage.map(({ runs: [name] }) => name)).toEqual(['run-1', 'run-2']);
    expect(left).toBeLessThanOrEqual(keptBytes - 1500);
    expect((await planOf(runs, { budgetBytes: 0 })).garbage).toHaveLength(3);
  });
});
