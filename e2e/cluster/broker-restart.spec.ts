import { describeOn, describeRabbitmq4, startPrivateRabbitmq } from '@keelson/testbed';
import type { PrivateRabbitmq } from '@keelson/testbed';
import { expectBalanced, outputOf, runViews } from './support/expect-run';
import { until } from '../support/keelson';
import { FiveServices } from './support/five-services';
import { jobsMade } from './support/jobs-made';

jest.setTimeout(600_000);

const suiteOn = (program: 'rabbitmq' | 'rabbitmq4') => () => {
  let broker: PrivateRabbitmq;
  let five: FiveServices;
  beforeEach(async () => {
    broker = await startPrivateRabbitmq({ program });
    const at = { amqp: broker.amqp, rabbitApi: broker.api };
    five = await FiveServices.prepare({ at, repositories: ['before', 'amid', 'away', 'after'] });
  });
  afterEach(async () => {
    await five.close();
    await broker.close();
  });

  it.each(['stop', 'kill'] as const)('loses and doubles nothing: %s', async (how) => {
    const [before, amid, away, after] = five.repositories;
    for (const each of five.repositories)
      each.clusterPipeline('for i in 1 2 3 4 5 6; do echo "line $i"; sleep 0.5; done');
    await five.start();
    before?.push();
    await until(async () => (await runViews(five.own)).length > 0, { what: () => `a run: ${five.said()}` });
    amid?.push();
    await broker.server[how]();
    away?.push();
    await new Promise((resolve) => setTimeout(resolve, 5_000));
    await broker.server.start();
    after?.push();

    const views = await five.untilEnded(4);
    expect(views).toHaveLength(4);
    for (const view of views) {
      expect(view).toMatchObject({ outcome: 'success', attempts: [{ attempt: 1 }] });
      expect(await outputOf(five.own, view)).toBe([1, 2, 3, 4, 5, 6].map((line) => `line ${line}\n`).join(''));
    }
    expect(await jobsMade(five.own)).toHaveLength(4);
    await expectBalanced(five.own, 4);
  });
};

describeOn(['amqp', 's3', 'registry', 'kubeconfig', 'hostIp'])('on a cluster', () => {
  describe('a RabbitMQ that is restarted amid runs', suiteOn('rabbitmq'));
  describeRabbitmq4('a RabbitMQ 4 that is restarted amid runs', suiteOn('rabbitmq4'));
});
