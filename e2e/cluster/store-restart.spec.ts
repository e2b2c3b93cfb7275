import { describeOn, startPrivateMinio } from '@keelson/testbed';
import type { PrivateMinio } from '@keelson/testbed';
import { until } from '../support/keelson';
import { expectBalanced, outputOf } from './support/expect-run';
import { FiveServices } from './support/five-services';
import { jobsMade } from './support/jobs-made';

jest.setTimeout(600_000);

describeOn(['amqp', 'rabbitApi', 'registry', 'kubeconfig', 'hostIp'])(
  'a store that is restarted while logs flow',
  () => {
    let minio: PrivateMinio;
    let five: FiveServices;
    beforeEach(async () => {
      minio = await startPrivateMinio();
      const { endpoint, accessKey, secretKey } = minio;
      five = await FiveServices.prepare({
        at: { s3: { endpoint, accessKey, secretKey } },
        repositories: ['long', 'late'],
      });
    });
    afterEach(async () => {
      await five.close();
      await minio.server.close();
    });

    it('has every line in the end, and the run that began without it', async () => {
      const [long, late] = five.repositories;
      long?.clusterPipeline('i=0; while [ $i -lt 300 ]; do i=$((i+1)); echo "line $i"; sleep 0.05; done');
      late?.clusterPipeline('echo late');
      await five.start();
      long?.push();
      const hasOutput = async () => (await five.own.keys('logs/')).length > 0;
      await until(hasOutput, { timeoutMs: 180_000, what: () => `output: ${five.said()}` });
      await minio.server.kill();
      late?.push();
      await new Promise((resolve) => setTimeout(resolve, 5_000));
      await minio.server.start();

      const views = await five.untilEnded(2);
      expect(views).toHaveLength(2);
      for (const view of views) expect(view).toMatchObject({ outcome: 'success', attempts: [{ attempt: 1 }] });
      const lines = Array.from({ length: 300 }, (_, index) => `line ${index + 1}\n`).join('');
      const output = await Promise.all(views.map((view) => outputOf(five.own, view)));
      expect(output.sort()).toEqual(['late\n', lines]);
      expect(await jobsMade(five.own)).toHaveLength(2);
      await expectBalanced(five.own, 2);
    });
  },
);
