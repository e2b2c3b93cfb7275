import { composeEvent, eventTypes, newRunId, stageName } from '@keelson/events';
import type { OutsideEvent } from '@keelson/events';
import { beginKey, endKey, inboxKey, runName, watchName } from '@keelson/ledger';
import type { InboxRecord } from '@keelson/ledger';
import { emit, TerminalError } from '@keelson/stage';
import type { Outcome } from '@keelson/stage';
import { z } from 'zod';
import { instant, service } from './deps';
import type { IntakeDeps } from './intake';
import { checkedSource } from './watch-request';

const run = z.uuid('not the id of a run');
const retry = z.object({ run, attempt: z.int().min(2).optional(), from: stageName.optional() });
const cancel = z.object({ run });
const watched = z.object({ source: z.string().min(1), pattern: z.string().min(1).optional() });

/** Another attempt is asked for -> the same request of ours, for a run that there is and whose last attempt has ended. */
export async function retrySaid(deps: IntakeDeps, event: OutsideEvent): Promise<Outcome> {
  const asked = customDataOf(retry, event);
  const last = await lastAttempt(deps, asked.run);
  const { attempt, receivedAt } = await keep(deps, event, {
    ...{ chain: asked.run, attempt: asked.attempt ?? last + 1 },
  });
  if ((await deps.ledger.read(beginKey(asked.run, attempt))) !== undefined) return emit(); // it has been opened
  if ((await deps.ledger.read(endKey(asked.run, attempt - 1))) === undefined)
    throw new TerminalError(
      `attempt ${attempt} of ${runName(asked.run)} was asked for, and the one before has not ended`,
    );
  const from = asked.from === undefined ? {} : { from: asked.from };
  return emit(
    composeEvent({
      ...{ type: eventTypes.runRetried, work: { run: asked.run, attempt, stage: 'source' }, service },
      ...{ subjectId: asked.run, content: {}, time: receivedAt, customData: { run: asked.run, attempt, ...from } },
    }),
  );
}

/** A run is asked to end -> the same request of ours, unless the attempt that was meant has ended. */
export async function cancelSaid(deps: IntakeDeps, event: OutsideEvent): Promise<Outcome> {
  const asked = customDataOf(cancel, event);
  const last = await lastAttempt(deps, asked.run);
  const { attempt, receivedAt } = await keep(deps, event, { chain: asked.run, attempt: last });
  if ((await deps.ledger.read(endKey(asked.run, attempt))) !== undefined) return emit();
  return emit(
    composeEvent({
      ...{ type: eventTypes.runCancelled, work: { run: asked.run, attempt, stage: 'test' }, service },
      ...{ subjectId: asked.run, content: {}, time: receivedAt, customData: asked },
    }),
  );
}

/** A source is asked to be watched, or not to be -> the same request of ours. */
export async function watchSaid(deps: IntakeDeps, event: OutsideEvent): Promise<Outcome> {
  const isWatched = event.kind === 'keelson-source.watched';
  // Before anything is published: a name with credentials goes no further.
  const { name, pattern } = await checkedSource(customDataOf(watched, event), { isWatched });
  const { chain, receivedAt } = await keep(deps, event, { chain: newRunId(), attempt: 1 });
  const customData = { source: name, ...(pattern === undefined ? {} : { pattern }) };
  return emit(
    composeEvent({
      type: isWatched ? eventTypes.sourceWatched : eventTypes.sourceUnwatched,
      ...{ work: { run: chain, attempt: 1, stage: 'source' }, service, subjectId: watchName(customData) },
      ...{ content: {}, time: receivedAt, customData },
    }),
  );
}

/** @throws TerminalError naming what is missing */
function customDataOf<T extends z.ZodType>(schema: T, event: OutsideEvent): z.output<T> {
  const parsed = schema.safeParse(event.customData);
  if (parsed.success) return parsed.data;
  throw new TerminalError(`its customData cannot be read: ${z.prettifyError(parsed.error)}`, { cause: parsed.error });
}

async function lastAttempt({ ledger }: IntakeDeps, run: string): Promise<number> {
  const last = (await ledger.attempts(run)).at(-1);
  if (last === undefined) throw new TerminalError(`there is no run ${run} here`);
  return last;
}

/** What the event was given when it first came. */
async function keep(
  { ledger, clock }: IntakeDeps,
  { source, id, type }: OutsideEvent,
  given: { chain: string; attempt: number },
): Promise<InboxRecord & { attempt: number }> {
  const key = inboxKey(source, id);
  const first = { source, id, type, receivedAt: instant(clock()), ...given };
  // Read before it is written: what comes ten thousand times costs a read each time, not a write to the disk.
  const record = (await ledger.read(key)) ?? (await ledger.write(key, first)).record;
  return { ...record, attempt: record.attempt ?? given.attempt };
}
