import { describeOn, describeRabbitmq4, servers, startPrivateRabbitmq } from '@keelson/testbed';
import type { PrivateRabbitmq } from '@keelson/testbed';
import type { AmqpServer } from '../amqp-harness.contract';

/** A suite on the testbed's RabbitMQ, and again on a RabbitMQ 4 where there is one. @param suite is given what names the broker, once a test runs */
export function describeOnBrokers(name: string, suite: (broker: () => AmqpServer) => void): void {
  describeOn(['amqp', 'rabbitApi'])(`${name} on RabbitMQ`, () => suite(() => servers));

  describeRabbitmq4(`${name} on RabbitMQ 4`, () => {
    let broker: PrivateRabbitmq;
    beforeAll(async () => {
      broker = await startPrivateRabbitmq({ program: 'rabbitmq4' });
    }, 600_000);
    afterAll(() => broker.close(), 60_000);
    suite(() => ({ amqp: broker.amqp, rabbitApi: broker.api }));
  });
}
