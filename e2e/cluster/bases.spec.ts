import { endKey } from '@keelson/ledger';
import type { Ledger } from '@keelson/ledger';
import { appendImage, parseImageReference, RegistryClient } from '@keelson/registry';
import { describeOn, servers } from '@keelson/testbed';
import { layerOf } from '../../libs/registry/src/testing/sample-images';
import { keelson } from '../support/keelson';
import { expectBalanced } from './support/expect-run';
import { FiveServices } from './support/five-services';

jest.setTimeout(400_000);

const { signal } = new AbortController();

describeOn(['amqp', 'rabbitApi', 's3', 'registry', 'kubeconfig', 'hostIp'])('a base on a cluster', () => {
  let five: FiveServices;
  let client: RegistryClient;
  let base: string;

  beforeEach(async () => {
    five = await FiveServices.prepare({
      repositories: ['widget'],
      settings: { KEELSON_BASE_INTERVAL: '1s', KEELSON_REBUILDS_PER_MINUTE: '1' },
    });
    client = new RegistryClient({ registries: [{ name: servers.registry, plainHttp: true }] });
    base = `${servers.registry}/${five.own.name}/base:1`;
  });
  afterEach(async () => {
    await client.close();
    await five.close();
  });

  /** Makes the base's tag point at an image with a shell and a file of this text. */
  async function pushBase(text: string): Promise<string> {
    const { registry, repository } = parseImageReference(base);
    const layer = layerOf('base.txt', text, 'gzip');
    await client.putBlob({ registry, repository }, layer, signal);
    const image = await appendImage(client, {
      ...{ base: parseImageReference(`${servers.registry}/busybox:1`), signal },
      layers: [{ ...layer, from: { registry, repository } }],
      target: { repository: `${registry}/${repository}`, tags: ['1'] },
      config: { created: '2026-01-01T00:00:00Z' },
    });
    return image.digest;
  }

  it('that moves has its image built and tested again, whoever dies; prune lets go of the old one', async () => {
    const [repository] = five.repositories;
    repository!.write('ci.sh', '#!/bin/sh\necho tested\n', 0o755);
    repository!.write(
      '.keelson.yaml',
      `image: { name: widget, base: '${base}' }\nonBase: rebuild\ntest: { command: ["./ci.sh"] }\n`,
    );
    const from = await pushBase('old');
    const commit = repository!.push();
    await five.start();
    const [first] = await five.untilEnded(1);
    expect(first).toMatchObject({ commit, outcome: 'success' });
    const build = first!.attempts[0]!.build;
    expect(build).toMatchObject({ strategy: 'append', bases: [{ reference: base, digest: from }] });

    await five.service('registry-poller').kill();
    const to = await pushBase('new');
    await five.launch('registry-poller').started();
    const [, again] = await five.untilEnded(2);
    await five.crash('registry-poller');
    expect(again).toMatchObject({ commit, sequence: 2, outcome: 'success' });
    expect(again!.rebuiltFor).toEqual([{ reference: base, from, to }]);
    await new Promise((resolve) => setTimeout(resolve, 3_000));
    expect(await five.untilEnded(2)).toHaveLength(2);
    await expectBalanced(five.own, 2);

    const [old, newer] = [first!, again!].map(({ attempts }) => attempts[0]!.image!);
    await age(await five.own.ledger(), first!.run);
    const prune = await keelson(['prune', '--keep', '1', '--yes', '--json'], { env: five.own.environment });
    expect(prune).toMatchObject({ status: 0, stderr: '' });
    const pruned = prune.stdout
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line) as { digest: string });
    // Both runs are of one commit, and so of one snapshot.
    expect(pruned.map(({ digest }) => digest)).toEqual([old!.digest]);
    const isThere = async ({ repository: name, digest }: { repository: string; digest: string }) =>
      (await client.head(parseImageReference(`${name}@${digest}`), signal)) !== undefined;
    expect([await isThere(old!), await isThere(newer!)]).toEqual([false, true]);
  });
});

/** As if the run had ended sixty days ago: a store refuses whoever's clock is not its own. */
async function age(ledger: Ledger, run: string): Promise<void> {
  const key = endKey(run, 1);
  const endedAt = new Date(Date.now() - 60 * 24 * 3_600_000).toISOString();
  await ledger.store.put(key.path, Buffer.from(JSON.stringify({ ...(await ledger.read(key)), endedAt })));
}
