import type { Command } from 'commander';
import { common, examples } from '../command-line';
import type { Acts } from '../command-line';

/** `keelson topology`: what a broker has to be told besides what the services declare. */
export function defineTopology(root: Command, { act }: Acts): void {
  const topology = root.command('topology').description("RabbitMQ's policies for our queues");
  examples(
    common(
      topology
        .command('apply')
        .description('put lengths and delivery limits in force; those of a higher priority stay'),
    ).action(act(async (context) => (await import('./topology.js')).applyPolicies(context))),
    ['KEELSON_AMQP_API=http://rabbit.example:15672 keelson topology apply --amqp amqp://me@rabbit.example'],
  );
}
