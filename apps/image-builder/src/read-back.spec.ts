import { randomBytes } from 'node:crypto';
import { builderSettings } from '@keelson/builders';
import { manifestKey } from '@keelson/ledger';
import { manifestRecord, SealingKey } from '@keelson/pipeline';
import type { Pipeline } from '@keelson/pipeline';
import { RegistryClient } from '@keelson/registry';
import { buildKind } from './build-kind';
import { tagsOf, unaborted, World } from './builder-fixture.contract';
import type { BuildQueued, BuildWork } from './deps';

const image = `registry.example/builder@sha256:${'1'.repeat(64)}`;
const builders = builderSettings.parse({ helperImage: image, kaniko: { image }, makisu: { image } });

describe('what a job pushed is read back', () => {
  let world: World;
  beforeEach(async () => {
    world = await World.open();
  });
  afterEach(() => world.end());

  const pushed = async (event: BuildQueued) => {
    await world.image('widget', {
      target: { repository: `${world.registry}/widget`, tags: [tagsOf(event).immutable] },
    });
  };

  /** What is said, each time that it is asked, of a job that ended well; `registryPrefix` says where its image is looked for. */
  function verdicts(event: BuildQueued, { registryPrefix = world.registry, client = world.newClient() } = {}) {
    const work = { builders, warn: () => undefined } as unknown as BuildWork;
    const kind = buildKind({ ...world.deps({ client, registryPrefix }), work });
    const { run } = event.data.customData;
    const open = { event, openedAt: '2026-01-02T03:04:05Z' };
    const ended = { event, open, name: `${run}.1.build`, kept: {}, end: { kind: 'exited' as const, code: 0 } };
    return () => kind.verdict(ended, unaborted);
  }

  const frozen = (build: Partial<Pipeline['build']> = {}) => world.frozen({ build: { strategy: 'kaniko', ...build } });

  /** A registry that answers everybody so. */
  const answering = (status: number) =>
    world.listen((_request, response) => {
      response.writeHead(status, { 'www-authenticate': 'Basic realm="private"' }).end();
    });

  it.each([401, 403])('and ends its run where its registry answers %s', async (status) => {
    const registryPrefix = await answering(status);
    expect(await verdicts(await frozen(), { registryPrefix })()).toMatchObject({
      ...{ outcome: 'failure', exitCode: 0, build: { strategy: 'kaniko' } },
      reason: { code: 'registry-login', message: expect.stringContaining(registryPrefix) },
    });
  });

  it('and ends its run where its registry does not speak as it is said to', async () => {
    const push = await answering(200);
    const client = new RegistryClient({ registries: [{ name: 'secure.example', push, plainHttp: false }] });
    const of = {
      outcome: 'error',
      reason: { code: 'registry-protocol', message: expect.stringContaining('plainHttp') },
    };
    expect(await verdicts(await frozen(), { client, registryPrefix: 'secure.example' })()).toMatchObject(of);
    const event = await world.frozen({ sequence: 2, build: { strategy: 'kaniko', push: ['secure.example/widget:1'] } });
    await pushed(event);
    expect(await verdicts(event, { client })()).toMatchObject(of);
    await client.close();
  });

  it('and ends its run where a further name is none to us', async () => {
    const event = await frozen({ push: ['bad_host.example:5000/team/widget:1'] });
    await pushed(event);
    expect(await verdicts(event)()).toMatchObject({
      ...{ outcome: 'failure', reason: { code: 'invalid-reference', message: expect.stringContaining('bad_host') } },
    });
  });

  it('and is waited for while its registry is away, up to a while', async () => {
    const registryPrefix = await answering(503);
    const verdict = verdicts(await frozen(), { registryPrefix });
    await expect(verdict()).rejects.toMatchObject({ code: 'registry-unavailable' });
    world.laterMs = 500_000;
    await expect(verdict()).rejects.toMatchObject({ code: 'registry-unavailable' });
    world.laterMs = 700_000;
    expect(await verdict()).toMatchObject({
      ...{ outcome: 'error', exitCode: 0, reason: { code: 'unavailable', message: expect.stringContaining('503') } },
    });
  });

  it('and ends its run where it is what a template named', async () => {
    const where = await answering(401);
    const event = await world.frozen({ build: { strategy: 'template', template: 'ci.yaml' } });
    await world.ledger.write(manifestKey(event.data.customData.run, 'build', manifestRecord), {
      ...{
        file: 'ci.yaml',
        text: '(masked)',
        sealed: new SealingKey(randomBytes(32)).seal('x', 'x'),
        image: `${where}/widget:1`,
      },
    });
    expect(await verdicts(event)()).toMatchObject({ outcome: 'failure', reason: { code: 'registry-login' } });
  });
});
