import path from 'node:path';
import { parseImageReference, RegistryClient } from '@keelson/registry';
import { startRegistry, onRegistry } from '../libs/registry/src/testing/private-registry';
import { layerOf, pushImage } from '../libs/registry/src/testing/sample-images';
import { events, expectInOrder, runs, show } from './support/evidence';
import type { Shown } from './support/evidence';
import { Keelson, expectEnd, keelson, keelsonJson, newData, upOnce, whenOver } from './support/keelson';
import { TestRepository } from './support/repository';

jest.setTimeout(600_000);

type OnBase = { reference: string; digest: string; source: string; builtOn: string; onBase: string; state: string };

const often = { env: { KEELSON_BASE_INTERVAL: '300ms' } };

onRegistry()('a base whose tag moves', () => {
  /** A repository on a base of a real registry, built once. */
  async function builtOnce(onBase?: string) {
    const registry = await startRegistry();
    const client = new RegistryClient();
    whenOver(async () => {
      await client.close();
      await registry.close();
    });
    const base = `${registry.address}/base:1`;
    const push = async (text: string) => {
      const layers = [layerOf('base.txt', text, 'gzip')];
      return (await pushImage(client, parseImageReference(base), { layers })).digest;
    };
    const repository = new TestRepository();
    const policy = onBase === undefined ? '' : `onBase: ${onBase}\n`;
    repository.write(
      '.keelson.yaml',
      `image: { name: widget, base: "${base}" }\n${policy}test: { command: [echo, ok] }\n`,
    );
    const commit = repository.commit();
    const from = await push('old');
    const data = newData();
    expectEnd(await upOnce(data, [repository.path]), { status: 0, stderr: '' });
    return { base, push, repository, commit, from, data };
  }
  const upOn = (data: string, repository: TestRepository) =>
    new Keelson(['up', repository.path, '--data', data, '--port', '0'], often);
  const bases = (data: string) => keelsonJson<OnBase>(['bases', '--data', data]);
  /** The moves that were told, each once, however often. */
  const toldMoves = async (data: string) => {
    const moves = (await events(data)).filter(({ type }) => type === 'dev.cdeventsx.keelson-base.moved.0.1.0');
    return [...new Set(moves.map((event) => JSON.stringify([event.subject, event.data.customData])))];
  };
  const moveText = (reference: string, from: string, to: string) =>
    JSON.stringify([reference, { reference, sequence: 1, from, to }]);
  const rebuiltFor = (run: Shown) => (run as Shown & { rebuiltFor: unknown }).rebuiltFor;

  it('has the newest commit built and tested again on it, once, where its pipeline asks for that', async () => {
    const { base, push, repository, commit, from, data } = await builtOnce('rebuild');
    const up = upOn(data, repository);
    await up.prints('waiting for the next commit');
    const to = await push('new');
    await up.prints(/GREEN/);
    const run = await show(data);
    expect(run).toMatchObject({ commit, sequence: 2, outcome: 'success' });
    expect(rebuiltFor(run)).toEqual([{ reference: base, from, to }]);
    expect(await bases(data)).toMatchObject([{ reference: base, digest: to, builtOn: to, state: 'current' }]);
    const told = await keelson(['show', 'last', '--data', data]);
    expect(told.stdout).toContain(`because   the base ${base} moved from ${from} to ${to}`);
    expect(told.stdout).toContain(`base      ${base}  ${to}`);
    // The next commit follows it as if nothing had been.
    repository.commit('another');
    await up.prints(/GREEN[^]*GREEN/);
    expectEnd(await up.stop(), { status: 0, stderr: '' });
    const [first, , last, ...more] = await runs(data);
    expect(more).toEqual([]);
    expect(first!.image?.digest).not.toBe(run.image?.digest);
    expect(last).toMatchObject({ sequence: 3, outcome: 'success' });
    await expectInOrder(data, { built: 3 });
  });

  it('is only told of where the pipeline says nothing, and named by `keelson bases`', async () => {
    const { base, push, repository, from, data } = await builtOnce();
    const to = await push('new');
    const up = upOn(data, repository);
    await up.prints(`moved to ${to}`);
    expect(await bases(data)).toMatchObject([
      { reference: base, digest: to, builtOn: from, onBase: 'report', state: 'behind' },
    ]);
    const { stdout } = await keelson(['bases', '--data', data]);
    expect(stdout).toMatch(
      new RegExp(`^${base}  ${to}  since .*\n  behind  +report +\\S+ +main  ${repository.path}\n$`),
    );
    expectEnd(await up.stop(), { status: 0, stderr: '' });
    await expectInOrder(data, { built: 1 });
    expect(await toldMoves(data)).toEqual([moveText(base, from, to)]);
  });

  it.each([
    ...['file changes.*/000000000002.json$', 'event dev.cdevents.change.merged', 'event dev.cdevents.build.queued'],
    ...['file bases.*/000000000001.json$', 'event dev.cdeventsx.keelson-base.moved'],
  ])('is built on once, whatever happens: kill -9 at %s', async (moment) => {
    const { base, push, repository, commit, from, data } = await builtOnce('rebuild');
    const to = await push('new');
    const dying = new Keelson(['up', repository.path, '--json', '--data', data, '--port', '0'], {
      nodeArgs: ['--require', path.join(__dirname, 'support/die-at.cjs')],
      env: { ...often.env, KEELSON_E2E_DIE_AT: moment },
    });
    expect(await dying.ended).toMatchObject({ signal: 'SIGKILL' });
    const up = upOn(data, repository);
    await up.prints(/GREEN/);
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    expectEnd(await up.stop(), { status: 0, stderr: '' });
    const [, again, ...more] = await runs(data);
    expect(more).toEqual([]);
    expect(again).toMatchObject({ commit, sequence: 2, outcome: 'success', attempt: 1 });
    await expectInOrder(data, { built: 2 });
    expect(await toldMoves(data)).toEqual([moveText(base, from, to)]);
  });
});
