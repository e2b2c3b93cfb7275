import { amqpHarness } from './amqp-harness.contract';
import { describeBus } from './bus.contract';
import { describeOnBrokers } from './testing/on-brokers.contract';

describeOnBrokers('the bus', (broker) => {
  describeBus('every bus', (times) => amqpHarness(times, broker()));
});
