import { composeEvent, eventTypes, stageName } from '@keelson/events';
import type { Event } from '@keelson/events';
import { endKey, runName } from '@keelson/ledger';
import { openBusAccess } from '../bus-access';
import { printableText } from '../report/printable';
import { UsageError } from '../usage-error';
import { writeJson } from './context';
import type { Asking } from './context';
import { findRun } from './find-run';

/** Commands publish events; they never write records. @param said what a person is told was asked for, by event */
export async function publish(context: Asking, ...asked: readonly { event: Event; said: string }[]): Promise<void> {
  const bus = await openBusAccess(context.data, context.signal);
  try {
    await bus.publish(
      asked.map(({ event }) => event),
      context.signal,
    );
    for (const { event, said } of asked)
      await (context.isJson ? writeJson(context, event) : context.output.write(printableText(said)));
    if (!bus.isLive && !context.isJson)
      await context.problems.write(
        'keelson: none is running on this data directory: it happens at the next `keelson up`',
      );
  } finally {
    await bus.close();
  }
}

/** `keelson retry RUN [--from STAGE]`: asks for another attempt. What the earlier ones left stays. */
export async function retry(context: Asking, run: string, options: { from?: string }): Promise<void> {
  const id = await findRun(context.ledger, run);
  const last = (await context.ledger.attempts(id)).at(-1) ?? 0;
  if ((await context.ledger.read(endKey(id, last))) === undefined) {
    throw new UsageError(`${runName(id)} has not ended yet; \`keelson cancel ${runName(id)}\` ends it`);
  }
  const from = options.from === undefined ? undefined : stageName.safeParse(options.from);
  if (from?.success === false)
    throw new UsageError(
      `there is no stage ${JSON.stringify(options.from)}: it is one of ${stageName.options.join(', ')}`,
    );
  const attempt = last + 1;
  const event = composeEvent({
    ...{ type: eventTypes.runRetried, work: { run: id, attempt, stage: 'source' }, service: 'command' },
    ...{ subjectId: id, content: {}, time: new Date().toISOString() },
    customData: { run: id, attempt, ...(from === undefined ? {} : { from: from.data }) },
  });
  await publish(context, { event, said: `asked for attempt ${attempt} of ${runName(id)}` });
}

/** `keelson cancel RUN`: asks for a run to end now. */
export async function cancel(context: Asking, run: string): Promise<void> {
  const id = await findRun(context.ledger, run);
  const attempt = (await context.ledger.attempts(id)).at(-1) ?? 1;
  if ((await context.ledger.read(endKey(id, attempt))) !== undefined)
    throw new UsageError(`${runName(id)} has ended already`);
  const event = composeEvent({
    ...{ type: eventTypes.runCancelled, work: { run: id, attempt, stage: 'test' }, service: 'command' },
    ...{ subjectId: id, content: {}, customData: { run: id }, time: new Date().toISOString() },
  });
  await publish(context, { event, said: `asked for ${runName(id)} to end` });
}
