import { endKey } from '@keelson/ledger';
import type { Ledger } from '@keelson/ledger';
import { describeOn } from '@keelson/testbed';
import type { KeelsonEvent } from '../support/evidence';
import { expectEnd, keelson } from '../support/keelson';
import { expectBalanced } from './support/expect-run';
import { FiveServices } from './support/five-services';
import { MovingBase } from './support/moving-base';

jest.setTimeout(600_000);

describeOn(['amqp', 'rabbitApi', 's3', 'registry', 'kubeconfig', 'hostIp'])('a base on a cluster', () => {
  let five: FiveServices;
  let base: MovingBase;

  beforeEach(async () => {
    five = await FiveServices.prepare({
      repositories: ['widget'],
      settings: { KEELSON_BASE_INTERVAL: '1s', KEELSON_REBUILDS_PER_MINUTE: '1' },
    });
    base = new MovingBase(five.own.name);
  });
  afterEach(async () => {
    await base.client.close();
    await five.close();
  });

  it('that moves has its image built and tested again, whoever dies; prune lets go of the old one', async () => {
    const [repository] = five.repositories;
    repository!.write('ci.sh', '#!/bin/sh\necho tested\n', 0o755);
    repository!.write(
      '.keelson.yaml',
      `image: { name: widget, base: '${base.reference}' }\nonBase: rebuild\ntest: { command: ["./ci.sh"] }\n`,
    );
    const from = await base.push('old');
    const commit = repository!.push();
    await five.start();
    const [first] = await five.untilEnded(1);
    expect(first).toMatchObject({ commit, outcome: 'success' });
    const build = first!.attempts[0]!.build;
    expect(build).toMatchObject({ strategy: 'append', bases: [{ reference: base.reference, digest: from }] });

    await five.service('registry-poller').kill();
    const to = await base.push('new');
    await five.launch('registry-poller').started();
    const [, again] = await five.untilEnded(2);
    await five.crash('registry-poller');
    expect(again).toMatchObject({ commit, sequence: 2, outcome: 'success' });
    expect(again!.rebuiltFor).toEqual([{ reference: base.reference, from, to }]);
    await new Promise((resolve) => setTimeout(resolve, 3_000));
    expect(await five.untilEnded(2)).toHaveLength(2);
    await expectBalanced(five.own, 2);
    const { stdout } = await keelson(['events', '--json'], { env: five.own.environment });
    const events = stdout
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line) as KeelsonEvent);
    const moves = events.filter(({ type }) => type === 'dev.cdeventsx.keelson-base.moved.0.1.0');
    expect(new Set(moves.map(({ id }) => id)).size).toBe(1);
    expect(moves[0]!.data.customData).toEqual({ reference: base.reference, sequence: expect.any(Number), from, to });

    const [old, newer] = [first!, again!].map(({ attempts }) => attempts[0]!.image!);
    await age(await five.own.ledger(), first!.run);
    const prune = await keelson(['prune', '--keep', '1', '--yes', '--json'], { env: five.own.environment });
    expectEnd(prune, { status: 0, stderr: '' });
    const pruned = prune.stdout
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line) as { digest: string });
    // Both runs are of one commit, and so of one snapshot.
    expect(pruned.map(({ digest }) => digest)).toEqual([old!.digest]);
    expect([await base.has(old!), await base.has(newer!)]).toEqual([false, true]);
  });
});

/** As if the run had ended sixty days ago: a store refuses whoever's clock is not its own. */
async function age(ledger: Ledger, run: string): Promise<void> {
  const key = endKey(run, 1);
  const endedAt = new Date(Date.now() - 60 * 24 * 3_600_000).toISOString();
  await ledger.store.put(key.path, Buffer.from(JSON.stringify({ ...(await ledger.read(key)), endedAt })));
}
