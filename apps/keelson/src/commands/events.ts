import { setTimeout as pause } from 'node:timers/promises';
import { eventTypes } from '@keelson/events';
import type { Event } from '@keelson/events';
import { runName } from '@keelson/ledger';
import { liveBus, openBusAccess } from '../bus-access';
import type { BusAccess } from '../bus-access';
import { printableText } from '../report/printable';
import { writeJson } from './context';
import type { Asking } from './context';

/** Between two looks whether a `keelson up` is there (again). */
const pollMs = 300;

/** `keelson events [-f]`: every event published, oldest first. With -f it outlives the `up` it follows. */
export async function events(context: Asking, { follow = false }: { follow?: boolean }): Promise<void> {
  const { signal } = context;
  let bus: BusAccess | undefined = await openBusAccess(context.data, signal);
  for (let from = 0; ; bus = await nextLive(context)) {
    // The store is not held while waiting: a `keelson up` wants it.
    from = await tell(context, bus, { from, follow: follow && bus.isLive });
    if (!follow || signal.aborted) return;
    await context.problems.write('keelson: none is running on this data directory: waiting for the next `keelson up`');
  }
}

/** Tells what this bus has, and closes it. Returns where to go on. */
async function tell(context: Asking, bus: BusAccess, options: { from: number; follow: boolean }): Promise<number> {
  let { from } = options;
  try {
    for await (const { event, offset } of bus.replay(options, context.signal)) {
      await (context.isJson ? writeJson(context, event) : context.output.write(line(event)));
      from = offset + 1;
    }
  } finally {
    await bus.close();
  }
  return from;
}

async function nextLive({ data, signal }: Asking): Promise<BusAccess> {
  for (;;) {
    const bus = await liveBus(data);
    if (bus !== undefined) return bus;
    await pause(pollMs, undefined, { signal });
  }
}

const short = new Map(
  Object.values(eventTypes).map((type) => [
    type,
    type.replace(/^dev\.cdeventsx?\./, '').replace(/\.\d+\.\d+\.\d+$/, ''),
  ]),
);

function line(event: Event): string {
  const { customData } = event.data;
  const name = 'run' in customData ? runName(customData.run) : '';
  const outcome = 'outcome' in customData ? `  ${customData.outcome}` : '';
  const what = `${(short.get(event.type) ?? event.type).padEnd(21)}  ${name.padEnd(17)}  ${event.subject}${outcome}`;
  return printableText(`${event.time}  ${what}`);
}
