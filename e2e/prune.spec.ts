import { randomBytes } from 'node:crypto';
import { readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { parseImageReference, RegistryClient } from '@keelson/registry';
import { testUnless } from '@keelson/testbed';
import { startRegistry, whyNoRegistry } from '../libs/registry/src/testing/private-registry';
import { accountOf, expectInOrder, runs } from './support/evidence';
import type { Shown } from './support/evidence';
import { Keelson, expectEnd, keelson, newData, upOnce, whenOver } from './support/keelson';
import { TestRepository } from './support/repository';

jest.setTimeout(600_000);

type Line = { kind: string; repository: string; digest: string; bytes: number; runs: string[] };

/** Sixty days from now. */
const later = {
  nodeArgs: ['--require', path.join(__dirname, 'support/clock-jump.cjs')],
  env: { E2E_CLOCK_WHEN: __filename, E2E_CLOCK_MS: String(60 * 24 * 3_600_000) },
};
const fileBytes = 200_000;
const { signal } = new AbortController();

async function prune(data: string, ...more: string[]): Promise<Line[]> {
  const { status, stdout, stderr } = await keelson(['prune', '--data', data, '--json', ...more], later);
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  return stdout
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Line);
}

/** Three commits of one ref, each with a large file of its own, all built. */
async function threeRuns(...up: string[]) {
  const repository = new TestRepository();
  const data = newData();
  for (let at = 0; at < 3; at += 1) {
    repository.write('large.bin', randomBytes(fileBytes));
    repository.pipeline('echo tested');
    repository.commit();
    expectEnd(await upOnce(data, [repository.path], ...up), { status: 0, stderr: '' });
  }
  return { repository, data, built: await runs(data) };
}

/** What records, logs and the embedded registry take on the disk. */
function bytesOn(data: string): number {
  const root = path.join(data, 'objects');
  const files = readdirSync(root, { recursive: true, encoding: 'utf8' }).map((file) => path.join(root, file));
  return files.reduce((sum, file) => sum + (statSync(file).isFile() ? statSync(file).size : 0), 0);
}
const digestsOf = (lines: readonly Line[], kind: string) =>
  lines.filter((line) => line.kind === kind).map(({ digest }) => digest);
const imagesOf = (some: readonly Shown[]) => some.map(({ image }) => image!.digest);

describe('keelson prune', () => {
  it('tells what would go, and with --yes lets it go, and nothing that a kept run refers to', async () => {
    const { data, built } = await threeRuns();
    expect(await prune(data)).toEqual([]); // ten of each ref are kept
    const old = built.slice(0, 2);
    const before = bytesOn(data);
    const told = await prune(data, '--keep', '1');
    expect(digestsOf(told, 'image')).toEqual(imagesOf(old));
    expect(digestsOf(told, 'snapshot')).toEqual(old.map(({ snapshot }) => snapshot!.digest));
    expect(told.reduce((sum, { bytes }) => sum + bytes, 0)).toBeGreaterThan(2 * fileBytes);
    expect(bytesOn(data)).toBe(before);
    const { stdout } = await keelson(['prune', '--data', data, '--keep', '1'], later);
    expect(stdout).toMatch(/\nwould remove 4 things, .*--yes does it\n$/);
    expect(await prune(data, '--keep', '1', '--yes')).toEqual(told);
    expect(bytesOn(data)).toBeLessThan(before - 2 * fileBytes);
    expect(await prune(data, '--keep', '1')).toEqual([]);
    // The evidence is all there, and the newest run can be tested again from what was kept.
    expect(await accountOf(data)).toMatchObject({ balanced: true, fates: { built: 3 } });
    expect((await keelson(['logs', old[0]!.run, '--data', data])).stdout).toBe('tested\n');
    expectEnd(await keelson(['retry', 'last', '--from', 'build', '--data', data]), { status: 0 });
    const up = Keelson.up(data, [built[0]!.source]);
    await up.prints('GREEN');
    // One whose source was let go of is frozen anew.
    expectEnd(await keelson(['retry', old[0]!.run, '--from', 'source', '--data', data]), { status: 0 });
    await up.prints(/GREEN[^]*GREEN/);
    expectEnd(await up.stop(), { status: 0, stderr: '' });
    await expectInOrder(data, { built: 3 });
  });

  it('works beside an `up`, which then builds the very tree that was let go of', async () => {
    const repository = new TestRepository();
    const data = newData();
    const up = Keelson.up(data, [repository.path]);
    for (const times of [1, 2]) {
      repository.write('large.bin', randomBytes(fileBytes));
      repository.pipeline('echo tested');
      repository.commit();
      await up.prints(new RegExp('GREEN[^]*'.repeat(times)), 60_000);
    }
    expect(await prune(data, '--keep', '1', '--yes')).toHaveLength(2);
    // This process has seen the layer there within the hour.
    repository.git('revert', '--no-edit', 'HEAD');
    await up.prints(/GREEN[^]*GREEN[^]*GREEN/);
    expectEnd(await up.stop(), { status: 0, stderr: '' });
    await expectInOrder(data, { built: 3 });
  });

  it('keeps what somebody gave a tag of theirs', async () => {
    const { data, built, repository } = await threeRuns();
    const up = Keelson.up(data, [repository.path]);
    await up.prints('waiting for the next commit');
    const address = /registry at (localhost:\d+)/.exec(up.stdout)![1]!;
    const client = new RegistryClient();
    whenOver(() => client.close());
    const first = parseImageReference(`${address}/widget@${built[0]!.image!.digest}`);
    const { repository: name, registry } = first;
    await client.putManifest(
      { registry, repository: name, tag: 'release' },
      await client.manifest(first, signal),
      signal,
    );
    const told = await prune(data, '--keep', '1', '--yes');
    expect(digestsOf(told, 'image')).toEqual(imagesOf(built.slice(1, 2)));
    expect((await client.head({ registry, repository: name, tag: 'release' }, signal))?.digest).toBe(first.digest);
    for await (const _ of client.blob(first, { digest: await onlyLayer(client, first) }, signal));
    expectEnd(await up.stop(), { status: 0, stderr: '' });
  });

  it('keeps to a budget, the oldest first, and never beyond the newest of each ref', async () => {
    const { data, built } = await threeRuns();
    const some = await prune(data, '--budget', `${Math.round(2.5 * fileBytes)}`);
    expect(digestsOf(some, 'image')).toEqual(imagesOf(built.slice(0, 1)));
    const all = await prune(data, '--budget', '1kB', '--yes');
    expect(digestsOf(all, 'image')).toEqual(imagesOf(built.slice(0, 2)));
    expect(await prune(data, '--budget', '1kB')).toEqual([]);
  });

  testUnless(whyNoRegistry())('removes the manifests of another registry, which collects their layers', async () => {
    const registry = await startRegistry();
    const client = new RegistryClient();
    whenOver(async () => {
      await client.close();
      await registry.close();
    });
    const { data, built } = await threeRuns('--registry', `${registry.address}/team`);
    const told = await prune(data, '--keep', '1', '--yes');
    expect(told).toHaveLength(4);
    const isThere = async (reference: string) =>
      (await client.head(parseImageReference(reference), signal)) !== undefined;
    for (const { repository, digest } of told) expect(await isThere(`${repository}@${digest}`)).toBe(false);
    const { image, snapshot } = built[2]!;
    expect(await isThere(image!.reference)).toBe(true);
    expect(await isThere(`${registry.address}/team/widget-source@${snapshot!.digest}`)).toBe(true);
    expect(await isThere(`${registry.address}/team/widget:main`)).toBe(true);
  });
});

async function onlyLayer(client: RegistryClient, image: ReturnType<typeof parseImageReference>): Promise<string> {
  const { bytes } = await client.manifest(image, signal);
  return (JSON.parse(Buffer.from(bytes).toString()) as { layers: { digest: string }[] }).layers[0]!.digest;
}
