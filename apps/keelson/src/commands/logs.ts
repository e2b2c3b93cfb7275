import { readableOutput, strategyName } from '@keelson/builders';
import type { StrategyName } from '@keelson/builders';
import { logPrefix, planKey, runName, stageEndedKey, stageStartedKey } from '@keelson/ledger';
import type { Ledger } from '@keelson/ledger';
import { readLog, readManifest } from '@keelson/logs';
import type { LogGap, LogLine } from '@keelson/logs';
import { planSchema } from '@keelson/pipeline';
import { stageName } from '@keelson/events';
import type { WorkKey } from '@keelson/events';
import { liveBus } from '../bus-access';
import { JsonReporter } from '../report/json-reporter';
import { printable } from '../report/printable';
import { UsageError } from '../usage-error';
import type { Asking } from './context';
import { findRun } from './find-run';
import { nothingMoreComes, untilNothingComes } from './log-end';

export type LogsOptions = { stage: string; attempt?: number; follow?: boolean; raw?: boolean; times?: boolean };

/** `keelson logs RUN`: the output of one stage, from its first line. */
export async function logs(context: Asking, run: string, options: LogsOptions): Promise<void> {
  const { ledger, problems } = context;
  const work = await workOf(ledger, run, options);
  await requireOutput(ledger, work, options.follow === true);
  const place = { store: ledger.store, prefix: logPrefix(work) };
  const builder = work.stage === 'build' ? await builderOf(ledger, work.run) : undefined;
  const write = writer(context, { work, builder }, options);
  const lines =
    options.follow === true ? followed(context, work) : readLog({ ...place, follow: false }, context.signal);
  let isEmpty = true;
  for await (const line of lines) {
    isEmpty = false;
    await write(line);
  }
  if (isEmpty) await problems.write(`keelson: attempt ${work.attempt} of ${runName(work.run)} printed nothing`);
  for (const gap of (await readManifest(place))?.gaps ?? []) await problems.write(`keelson: ${gapText(gap)}`);
}

/** The lines until the log is sealed, or nothing more comes. */
async function* followed(context: Asking, work: WorkKey): AsyncIterable<LogLine> {
  const { ledger, signal } = context;
  await sayWhenNobodyWorks(context, work);
  const over = untilNothingComes(ledger, work, signal);
  const place = { store: ledger.store, prefix: logPrefix(work), follow: true };
  try {
    yield* readLog(place, AbortSignal.any([signal, over.signal]));
  } catch (error) {
    if (!over.signal.aborted) throw error;
  } finally {
    over.stop();
  }
}

function writer(
  context: Asking,
  { work, builder }: { work: WorkKey; builder: StrategyName | undefined },
  options: LogsOptions,
): (line: LogLine) => Promise<void> {
  const { output, problems, isColoured } = context;
  if (context.isJson) {
    const json = new JsonReporter(output, problems);
    const origin = { ...work, name: runName(work.run) };
    return (line) => json.logLine(origin, line);
  }
  // Exactly what the test wrote: a piece of a longer line gets no line end.
  if (options.raw === true) {
    return (line) => (line.partial === true ? output.writeBytes(line.bytes) : output.write(line.bytes));
  }
  const time = (line: LogLine) => (options.times === true ? `${line.time}  ` : '');
  const readable = builder === undefined ? undefined : readableOutput(builder);
  return async (line) => {
    const texts = readable?.lines(Buffer.from(line.bytes).toString('utf8')).map((text) => Buffer.from(text));
    for (const bytes of texts ?? [line.bytes]) await output.write(`${time(line)}${printable(bytes, isColoured)}`);
  };
}

/** @throws UsageError for a stage that there is not, or that keeps no log */
async function workOf(ledger: Ledger, run: string, options: LogsOptions): Promise<WorkKey> {
  const id = await findRun(ledger, run);
  const stage = stageName.safeParse(options.stage);
  if (!stage.success) {
    throw new UsageError(
      `there is no stage ${JSON.stringify(options.stage)}: it is one of ${stageName.options.join(', ')}`,
    );
  }
  const isJob = stage.data === 'test' || (stage.data === 'build' && (await isBuiltByJob(ledger, id)));
  if (!isJob) {
    throw new UsageError(
      `the ${stage.data} stage has no output here; \`keelson show ${runName(id)}\` has its times and digests`,
    );
  }
  const attempts = await ledger.attempts(id);
  if (options.attempt !== undefined && !attempts.includes(options.attempt)) {
    throw new UsageError(`${runName(id)} has no attempt ${options.attempt}; it has ${attempts.join(', ')}`);
  }
  return { run: id, attempt: options.attempt ?? attempts.at(-1) ?? 1, stage: stage.data };
}

/** Whether the image is made by a Job, whose output is kept. */
async function isBuiltByJob(ledger: Ledger, run: string): Promise<boolean> {
  const plan = await ledger.read(planKey(run, planSchema));
  return plan !== undefined && plan.pipeline.build.strategy !== 'append';
}

/** What builds the run's Dockerfile; undefined where its image is made without one. */
async function builderOf(ledger: Ledger, run: string): Promise<StrategyName | undefined> {
  const plan = await ledger.read(planKey(run, planSchema));
  return strategyName.safeParse(plan?.pipeline.build.strategy).data;
}

/** @throws UsageError when there is no output, and none to wait for */
async function requireOutput(ledger: Ledger, work: WorkKey, follow: boolean): Promise<void> {
  const records = await Promise.all([ledger.read(stageStartedKey(work)), ledger.read(stageEndedKey(work))]);
  if (records.some((record) => record !== undefined)) return;
  const of = `attempt ${work.attempt} of ${runName(work.run)}`;
  const end = await nothingMoreComes(ledger, work);
  if (end !== undefined) throw new UsageError(`${of} has no ${work.stage} output: ${end}`);
  if (!follow) throw new UsageError(`${of} has no ${work.stage} output yet; -f waits for it`);
}

async function sayWhenNobodyWorks({ ledger, data, problems }: Asking, work: WorkKey): Promise<void> {
  if ((await nothingMoreComes(ledger, work)) !== undefined) return;
  const live = await liveBus(data);
  await live?.close();
  if (live === undefined)
    await problems.write('keelson: none is running on this data directory: waiting for the next `keelson up`');
}

function gapText({ fromLine, fromTime, reason }: LogGap): string {
  const from = fromLine === undefined ? '' : ` from line ${fromLine + 1} on`;
  const at = fromTime === undefined ? '' : ` from ${fromTime} on`;
  return `a part of this log is missing${from}${at}: ${reason}`;
}
