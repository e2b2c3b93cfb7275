import { describeOn, servers } from '@keelson/testbed';
import { amqpHarness } from './amqp-harness.contract';
import { describeBus } from './bus.contract';

describeOn(['amqp', 'rabbitApi'])('the bus on RabbitMQ', () => {
  describeBus('every bus', (times) => amqpHarness(times, servers));
});
