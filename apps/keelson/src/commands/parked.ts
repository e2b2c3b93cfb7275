import { runName } from '@keelson/ledger';
import type { Parked } from '@keelson/bus';
import { openBusAccess } from '../bus-access';
import { printableText } from '../report/printable';
import { UsageError } from '../usage-error';
import { writeJson } from './context';
import type { Asking } from './context';

export type ParkedOptions = { replay?: string; drop?: string };

/** `keelson parked`: deliveries that no service could work on; or puts one back, or forgets it. */
export async function parked(context: Asking, { replay, drop }: ParkedOptions): Promise<void> {
  const id = replay ?? drop;
  if (replay !== undefined && drop !== undefined) throw new UsageError('give either --replay or --drop');
  const bus = await openBusAccess(context.data, context.signal);
  try {
    if (id !== undefined) {
      const found = await bus.unpark(id, replay === undefined ? 'drop' : 'replay');
      if (!found)
        throw new UsageError(`there is no parked delivery ${JSON.stringify(id)}; \`keelson parked\` lists them`);
      return await context.output.write(replay === undefined ? `forgot ${id}` : `put ${id} back into its queue`);
    }
    for (const each of await bus.parked()) {
      await (context.isJson ? writeJson(context, forJson(each)) : context.output.write(line(each)));
    }
  } finally {
    await bus.close();
  }
}

/** A message from outside may be any bytes: in base64. */
const forJson = ({ message, ...parked }: Parked) =>
  message ? { ...parked, message: { ...message, body: Buffer.from(message.body).toString('base64') } } : parked;

function line({ id, event, message, reason, parkedAtMs }: Parked): string {
  const data = event?.data.customData;
  const name = data !== undefined && 'run' in data ? runName(data.run) : '';
  const type = event?.type ?? (message ? 'a message from outside' : 'an event of another version');
  return printableText(
    `${id.padEnd(24)}  ${new Date(parkedAtMs).toISOString()}  ${name.padEnd(17)}  ${type}  ${reason.code}: ${reason.error}`,
  );
}
