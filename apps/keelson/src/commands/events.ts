import { eventTypes } from '@keelson/events';
import type { Event } from '@keelson/events';
import { runName } from '@keelson/ledger';
import { openBusAccess } from '../bus-access';
import { writeJson } from './context';
import type { Context } from './context';

/** `keelson events [-f]`: every event published, oldest first. */
export async function events(context: Context, options: { follow: boolean }): Promise<void> {
  const bus = await openBusAccess(context.data);
  try {
    for await (const { event } of bus.replay({ from: 0, follow: options.follow }, context.signal)) {
      await (context.isJson ? writeJson(context, event) : context.output.write(line(event)));
    }
  } finally {
    await bus.close();
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
  return `${event.time}  ${(short.get(event.type) ?? event.type).padEnd(24)} ${name.padEnd(20)} ${event.subject}${outcome}`;
}
