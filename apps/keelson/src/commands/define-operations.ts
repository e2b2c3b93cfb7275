import type { Command } from 'commander';
import { common, examples } from '../command-line';
import type { Acts } from '../command-line';

/** The commands of who looks after a Keelson: what goes over the bus, what waits, what was given up. */
export function defineOperations(root: Command, acts: Acts): void {
  defineEvents(root, acts);
  defineQueues(root, acts);
  defineParked(root, acts);
}

function defineEvents(root: Command, { ask }: Acts): void {
  const events = common(root.command('events').description('every event published, oldest first'))
    .option('-f, --follow', 'go on with new ones')
    .action(
      ask(async (context, options: { follow?: boolean }) => (await import('./events.js')).events(context, options)),
    );
  examples(events, ['keelson events', 'keelson events --json -f', 'keelson events publish merged.json']);
  const publish = events
    .command('publish')
    .description('put events into the inbox, as a tool outside of Keelson does; docs/events.md says which are taken')
    .configureHelp({ showGlobalOptions: true })
    .argument('<file...>', 'a CloudEvent or CDEvent as JSON, one in each file; - reads the standard input')
    .action(
      ask(async (context, files: string[]) => (await import('./publish-outside.js')).publishOutside(context, files)),
    );
  examples(publish, ['keelson events publish merged.json', 'generate-event | keelson events publish -']);
}

function defineQueues(root: Command, { ask }: Acts): void {
  examples(
    common(root.command('queues').description('what waits for each service, and since when')).action(
      ask(async (context) => (await import('./queues.js')).queues(context)),
    ),
    ['keelson queues', 'keelson queues --json'],
  );
}

const parkedArgument = 'as `keelson parked` lists it';

function defineParked(root: Command, { ask }: Acts): void {
  const parked = common(root.command('parked').description('deliveries that no service could work on'))
    .option('--replay <id>', 'as `keelson parked replay <id>`')
    .option('--drop <id>', 'as `keelson parked drop <id>`')
    .action(
      ask(async (context, options: { replay?: string; drop?: string }) =>
        (await import('./parked.js')).parked(context, options),
      ),
    );
  examples(parked, ['keelson parked', 'keelson parked show watcher/42', 'keelson parked replay watcher/42']);
  const sub = (name: string, description: string) =>
    parked.command(name).description(description).configureHelp({ showGlobalOptions: true });
  sub('list', 'all of them, the oldest first').action(
    ask(async (context) => (await import('./parked.js')).list(context)),
  );
  sub('show', 'the whole delivery: what was given up, and why')
    .argument('<id>', parkedArgument)
    .action(ask(async (context, id: string) => (await import('./show-parked.js')).showParked(context, id)));
  sub('replay', 'put deliveries back into their queues; the event keeps its id, so it cannot have its effect twice')
    .argument('<id...>', parkedArgument)
    .action(ask(async (context, ids: string[]) => (await import('./parked.js')).unpark(context, 'replay', ids)));
  sub('drop', 'forget deliveries')
    .argument('<id...>', parkedArgument)
    .action(ask(async (context, ids: string[]) => (await import('./parked.js')).unpark(context, 'drop', ids)));
}
