import { createHash } from 'node:crypto';
import path from 'node:path';
import { eventTypes, newRunId } from '@keelson/events';
import { beginKey, changeKey, endKey, endOf, imageKey } from '@keelson/ledger';
import { DirObjectStore } from '@keelson/objects';
import { startRegistry } from '@keelson/registry-server';
import type { Registry } from '@keelson/registry-server';
import { IntakeWorld, packagedOf, refusalOf } from './intake-fixture.contract';
import type { Sent } from './intake-fixture.contract';
import { repositoryKey } from './repository-key';
import { World } from './watcher-fixture.contract';

describe('an image that an outsider tells of', () => {
  let world: World;
  let intake: IntakeWorld;
  let registry: Registry | undefined;
  beforeEach(async () => {
    world = await World.open();
    intake = await IntakeWorld.open(world);
  });
  afterEach(async () => {
    await world.end();
    await registry?.close();
    registry = undefined;
  });

  const digest = (letter: string): string => `sha256:${letter.repeat(64)}`;
  const published = (id: string, more: Partial<Sent> = {}): Sent => ({
    ...{ type: 'artifact.published', subject: { id } },
    ...more,
  });
  const widget = 'registry.example/team/widget';
  const packageUrl = `pkg:oci/widget@sha256%3A${'a'.repeat(64)}?repository_url=${widget}&tag=v1`;
  const changes = (ref: string, sequence: number) => world.records.read(changeKey(widget, ref, sequence));

  it('begins a run at it', async () => {
    const told = await intake.told(published(packageUrl));
    expect(told.map(({ type }) => type)).toEqual([eventTypes.pipelineRunStarted, eventTypes.artifactPackaged]);
    const { run, image, ...data } = packagedOf(told).data.customData;
    const about = { source: widget, ref: 'refs/tags/v1', commit: 'a'.repeat(64), sequence: 1 };
    expect(data).toEqual({ ...about, attempt: 1 });
    expect(image).toEqual({ repository: widget, digest: digest('a'), tag: 'v1' });
    expect(await changes('refs/tags/v1', 1)).toMatchObject({ ...about, run, kind: 'created' });
    expect(await world.ledger.read(beginKey(run, 1))).toMatchObject({ ...about, from: 'publish', openedBy: 'watcher' });
    expect(await world.account()).toMatchObject({ seen: 1, unexplained: [] });
  });

  it('begins one run when the same event comes 1,000 times, by several at once', async () => {
    const [first, ...others] = await Promise.all(
      Array.from({ length: 8 }, async () => {
        const deps = await IntakeWorld.open(world);
        const outcomes = [];
        for (let times = 0; times < 125; times += 1) outcomes.push(await deps.send(published(packageUrl)));
        return outcomes;
      }),
    );
    const runs = [first!, ...others]
      .flat()
      .flatMap((outcome) => (outcome.kind === 'emit' ? outcome.events : []))
      .map((event) => event.data.context.chainId);
    expect(new Set(runs).size).toBe(1);
    expect(await world.ledger.runs()).toEqual([runs[0]]);
    expect(await changes('refs/tags/v1', 2)).toBeUndefined();
  });

  it('begins one run when it is told as packaged and as published, by different events', async () => {
    const [one] = await intake.told({ type: 'artifact.packaged', subject: { id: packageUrl } });
    const [other] = await intake.told(published(packageUrl, { id: 'event-2' }));
    expect(other?.data.context.chainId).toBe(one?.data.context.chainId);
  });

  it('begins another run when the tag has moved; what came before stays what it was', async () => {
    const later = published(packageUrl.replace('aaaa', 'bbbb'), { id: 'event-2' });
    const [one] = await intake.told(published(packageUrl));
    const [two] = await intake.told(later);
    expect(await changes('refs/tags/v1', 2)).toMatchObject({ run: two?.data.context.chainId, kind: 'forced' });
    const again = await intake.told(published(packageUrl));
    expect(again[0]?.data.context.chainId).toBe(one?.data.context.chainId);
    expect(await changes('refs/tags/v1', 3)).toBeUndefined();
  });

  it('has nothing more to tell once its run has ended', async () => {
    const { run } = packagedOf(await intake.told(published(packageUrl))).data.customData;
    const begin = (await world.ledger.read(beginKey(run, 1)))!;
    const work = { run: begin, stage: 'test' as const, service: 'test-runner', now: '2026-01-02T03:04:05Z' };
    await world.ledger.write(endKey(run, 1), endOf(work, 'success'));
    expect(await intake.told(published(packageUrl))).toEqual([]);
  });

  it('is left alone when it is one of ours', async () => {
    const [run, image] = [newRunId(), { repository: widget, digest: digest('a') }];
    await world.ledger.write(imageKey(widget, image.digest, run), { run, attempt: 1, ...image });
    expect(await intake.told(published(packageUrl))).toEqual([]);
    expect(intake.logged).toEqual(['an image of our own was told of']);
    expect(await world.ledger.runs()).toEqual([]);
  });

  it.each([
    [`${widget}@${digest('c')}`, widget, undefined],
    [`pkg:oci/widget@${digest('c')}?repository_url=registry.example/team`, widget, undefined],
    [`pkg:docker/team/widget@${digest('c')}?repository_url=registry.example`, widget, undefined],
    [`pkg:docker/team/widget@${digest('c')}`, 'docker.io/team/widget', undefined],
    [`${widget}:v2@${digest('c')}`, widget, 'v2'],
  ])('is named by its subject as %s', async (id, repository, tag) => {
    const { image } = packagedOf(await intake.told(published(id))).data.customData;
    expect(image).toEqual({ repository, digest: digest('c'), ...(tag === undefined ? {} : { tag }) });
  });

  it('is named by custom data as in our own events', async () => {
    const image = { repository: widget, digest: digest('d') };
    const told = await intake.told(published('anything', { customData: { image } }));
    expect(packagedOf(told).data.customData).toMatchObject({ image, ref: `refs/digests/sha256-${'d'.repeat(64)}` });
  });

  it.each([
    ['pkg:npm/left-pad@1.0.0', /neither type oci nor docker/],
    [`pkg:oci/widget@${digest('a')}`, /no repository_url/],
    ['Not An Image', /names no image/],
    [`${widget}@sha256:abc`, /no digest/],
    [`${widget}@sha512:${'a'.repeat(128)}`, /no sha256 digest/],
    ['pkg:oci/%zz@x?repository_url=y', /names no image/],
  ])('is refused when there is none: %s', async (id, why) => {
    expect(await intake.refusal(published(id))).toMatch(why);
    expect(await world.ledger.runs()).toEqual([]);
  });

  it('is refused in the name of a run of ours, and of a chain of somebody else', async () => {
    const { run } = packagedOf(await intake.told(published(packageUrl))).data.customData;
    const of = (chainId: string) => published(`${widget}@${digest('e')}`, { id: 'event-2', chainId });
    expect(await intake.refusal(of(run))).toMatch(/claims to belong to our run/);
    expect(await intake.refusal(of('chain-7'))).toMatch(/the chain "chain-7", which is no run here/);
    expect(await world.ledger.runs()).toEqual([run]);
  });

  it('is asked of the registry when only its tag is named, and waited for', async () => {
    registry = await startRegistry({ store: await DirObjectStore.open(path.join(world.root, 'registry')) });
    const address = `localhost:${registry.address.port}`;
    const event = published(`${address}/widget:v3`);
    expect(await intake.send(event)).toMatchObject({
      kind: 'again',
      because: `${address}/widget:v3 is not in the registry`,
    });
    const seen = await pushManifest(`http://${address}`, 'widget', 'v3');
    expect(packagedOf(await intake.told(event)).data.customData.image).toEqual({
      ...{ repository: `${address}/widget`, digest: seen, tag: 'v3' },
    });
    const missing = published(`${address}/widget:never`, { id: 'event-2' });
    expect(await refusalOf(intake.send(missing, Date.now() - 3_600_000))).toBe(
      `${address}/widget:never is not in the registry`,
    );
  });

  it('waits for a registry that is away', async () => {
    const outcome = await intake.send(published('127.0.0.1:1/widget:v1'));
    expect(outcome).toMatchObject({ kind: 'again', because: expect.stringContaining('127.0.0.1:1') as unknown });
  });
});

/** Pushes an empty index, as any client could. Returns its digest. */
async function pushManifest(registry: string, repository: string, tag: string): Promise<string> {
  const mediaType = 'application/vnd.oci.image.index.v1+json';
  const body = JSON.stringify({ schemaVersion: 2, mediaType, manifests: [] });
  const put = await fetch(`${registry}/v2/${repository}/manifests/${tag}`, {
    ...{ method: 'PUT', headers: { 'content-type': mediaType }, body },
  });
  expect(put.status).toBe(201);
  return `sha256:${createHash('sha256').update(body).digest('hex')}`;
}

describe('names of one repository', () => {
  it.each([
    ['https://git.example/team/widget', 'git@git.example:team/widget.git'],
    ['ssh://git@Git.Example:2222/team/widget.git/', 'https://me@git.example/team/widget'],
    ['/srv/widget/', '/srv/widget/.git'],
  ])('are the same: %s and %s', (one, other) => {
    expect(repositoryKey(one)).toBe(repositoryKey(other));
  });

  it.each([
    ['https://git.example/team/widget', 'https://git.example/team/gadget'],
    ['https://git.example/widget', 'https://other.example/widget'],
    ['/srv/widget', 'https://srv/widget'],
  ])('are not the same: %s and %s', (one, other) => {
    expect(repositoryKey(one)).not.toBe(repositoryKey(other));
  });
});
