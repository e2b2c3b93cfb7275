import { describeOn, startPrivateRegistry } from '@keelson/testbed';
import type { PrivateRegistry } from '@keelson/testbed';
import { expectBalanced, outputOf } from './support/expect-run';
import { FiveServices } from './support/five-services';
import { jobsMade } from './support/jobs-made';

jest.setTimeout(600_000);

const awayMs = 60_000;

describeOn(['amqp', 'rabbitApi', 's3', 'registry', 'kubeconfig', 'hostIp'])(
  'a registry that is away for a minute',
  () => {
    let registry: PrivateRegistry;
    let five: FiveServices;
    beforeEach(async () => {
      registry = await startPrivateRegistry();
      five = await FiveServices.prepare({ at: { registry: registry.address }, repositories: ['away', 'after'] });
    });
    afterEach(async () => {
      await five.close();
      await registry.server.close();
    });

    it('is waited for: no run fails, and none is built or tested twice', async () => {
      const [away, after] = five.repositories;
      for (const each of five.repositories) each.clusterPipeline('echo "tested $KEELSON_COMMIT"');
      await five.start();
      await registry.server.stop();
      away?.push();
      await new Promise((resolve) => setTimeout(resolve, awayMs));
      await registry.server.start();
      after?.push();

      const views = await five.untilEnded(2);
      expect(views).toHaveLength(2);
      for (const view of views) {
        expect(view).toMatchObject({ outcome: 'success', attempts: [{ attempt: 1 }] });
        expect(await outputOf(five.own, view)).toBe(`tested ${view.commit}\n`);
      }
      expect(await jobsMade(five.own)).toHaveLength(2);
      await expectBalanced(five.own, 2);
    });
  },
);
