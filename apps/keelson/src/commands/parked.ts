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
  if (replay !== undefined && drop !== undefined) throw new UsageError('give either --replay or --drop');
  if (replay !== undefined) return unpark(context, 'replay', [replay]);
  if (drop !== undefined) return unpark(context, 'drop', [drop]);
  return list(context);
}

/** `keelson parked list`: one on each line, the oldest first. */
export async function list(context: Asking): Promise<void> {
  const bus = await openBusAccess(context.data, context.signal);
  try {
    for (const each of await bus.parked())
      await (context.isJson ? writeJson(context, forJson(each)) : context.output.write(line(each)));
  } finally {
    await bus.close();
  }
}

/** `keelson parked replay|drop ID...`: puts each back into its queue, with no failures, or forgets it. */
export async function unpark(context: Asking, what: 'replay' | 'drop', ids: readonly string[]): Promise<void> {
  const bus = await openBusAccess(context.data, context.signal);
  try {
    for (const id of ids) {
      if (!(await bus.unpark(id, what))) throw unknownParked(id);
      const said = what === 'replay' ? `put ${id} back into its queue` : `forgot ${id}`;
      await (context.isJson ? writeJson(context, { id, done: what }) : context.output.write(printableText(said)));
    }
  } finally {
    await bus.close();
  }
}

export const unknownParked = (id: string): UsageError =>
  new UsageError(`there is no parked delivery ${JSON.stringify(id)}; \`keelson parked\` lists them`);

/** A message from outside may be any bytes: in base64. */
export const forJson = ({ message, ...parked }: Parked) =>
  message ? { ...parked, message: { ...message, body: Buffer.from(message.body).toString('base64') } } : parked;

/** What was parked, in a few words. */
export const kindOf = ({ event, message }: Parked): string =>
  event?.type ?? (message ? 'a message from outside' : 'an event of another version');

function line(parked: Parked): string {
  const { id, event, reason, parkedAtMs } = parked;
  const data = event?.data.customData;
  const name = data !== undefined && 'run' in data ? runName(data.run) : '';
  const why = `${reason.code}: ${reason.error}`;
  return printableText(
    `${id.padEnd(24)}  ${new Date(parkedAtMs).toISOString()}  ${name.padEnd(17)}  ${kindOf(parked)}  ${why}`,
  );
}
