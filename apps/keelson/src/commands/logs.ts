import { logPrefix, runName, stageEndedKey, stageStartedKey } from '@keelson/ledger';
import type { Ledger } from '@keelson/ledger';
import { readLog, readManifest } from '@keelson/logs';
import type { LogLine } from '@keelson/logs';
import { stageName } from '@keelson/events';
import type { WorkKey } from '@keelson/events';
import { JsonReporter } from '../report/json-reporter';
import { printable } from '../report/printable';
import { UsageError } from '../usage-error';
import type { Context } from './context';
import { findRun } from './find-run';

export type LogsOptions = { stage: string; attempt?: number; follow: boolean; raw: boolean };

/** `keelson logs RUN`: the output of one stage, from its first line. */
export async function logs(context: Context, run: string, options: LogsOptions): Promise<void> {
  const { ledger, output, problems } = context;
  const work = await workOf(ledger, run, options);
  const origin = { run: work.run, attempt: work.attempt, name: runName(work.run) };
  if (!options.follow) await requireBegun(ledger, work);
  const place = { store: ledger.store, prefix: logPrefix(work) };
  const json = new JsonReporter(output, problems);
  const plain = (line: LogLine) => output.write(options.raw ? line.bytes : printable(line.bytes, context.isColoured));
  for await (const line of readLog({ ...place, follow: options.follow }, context.signal)) {
    await (context.isJson ? json.logLine(origin, line) : plain(line));
  }
  const manifest = await readManifest(place);
  for (const gap of manifest?.gaps ?? []) await problems.write(`keelson: this log has a gap: ${JSON.stringify(gap)}`);
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
  if (stage.data !== 'test') {
    throw new UsageError(
      `the ${stage.data} stage has no output here; \`keelson show ${runName(id)}\` has its times and digests`,
    );
  }
  return { run: id, attempt: options.attempt ?? (await ledger.attempts(id)).at(-1) ?? 1, stage: stage.data };
}

async function requireBegun(ledger: Ledger, work: WorkKey): Promise<void> {
  const records = await Promise.all([ledger.read(stageStartedKey(work)), ledger.read(stageEndedKey(work))]);
  if (records.some((record) => record !== undefined)) return;
  throw new UsageError(
    `attempt ${work.attempt} of ${runName(work.run)} has no ${work.stage} output (yet); -f waits for it`,
  );
}
