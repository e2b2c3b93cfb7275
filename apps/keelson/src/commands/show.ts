import { viewRun } from '@keelson/ledger';
import type { AttemptView, RunView } from '@keelson/ledger';
import { duration } from '../report/printable';
import { UsageError } from '../usage-error';
import { writeJson } from './context';
import type { Context } from './context';
import { findRun } from './find-run';
import { summary } from './runs';

/** `keelson show RUN`: all that is known of one run. */
export async function show(context: Context, run: string): Promise<void> {
  const id = await findRun(context.ledger, run);
  const view = await viewRun(context.ledger, id);
  if (view === undefined) throw new UsageError(`run ${id} has no records yet`);
  if (context.isJson) return writeJson(context, { ...summary(view), attempts: view.attempts });
  for (const line of lines(view)) await context.output.write(line);
}

function lines(view: RunView): string[] {
  return [
    `run       ${view.name}  ${view.run}`,
    `source    ${view.source}`,
    `ref       ${view.ref}  change ${view.sequence}`,
    `commit    ${view.commit}`,
    `outcome   ${view.outcome}${view.reason === undefined ? '' : `: ${view.reason.message}`}`,
    ...view.attempts.flatMap((attempt) => attemptLines(attempt, view.attempts.length > 1)),
  ];
}

function attemptLines(attempt: AttemptView, isOneOfMany: boolean): string[] {
  const { image, snapshot, log } = attempt;
  const reason = attempt.reason === undefined ? '' : `: ${attempt.reason.message}`;
  return [
    ...(isOneOfMany ? ['', `attempt ${attempt.attempt}  ${attempt.outcome}${reason}`] : []),
    ...attempt.stages.map(
      ({ stage, outcome, tookMs }) =>
        `  ${stage.padEnd(8)}${outcome.padEnd(9)}${tookMs === undefined ? '' : duration(tookMs)}`,
    ),
    ...(snapshot === undefined ? [] : [`snapshot  ${snapshot.reference}`]),
    ...(image === undefined
      ? []
      : [`image     ${image.repository}@${image.digest}`, `tags      ${image.tags.join(', ')}`]),
    ...(log === undefined
      ? []
      : [
          `log       ${log.lines} lines, ${log.bytes} bytes, ${log.complete ? 'complete' : 'with gaps'}, sha256 ${log.sha256}`,
        ]),
    ...attempt.artifacts.map(({ path, sizeBytes }) => `artifact  ${path}  ${sizeBytes} bytes`),
    ...attempt.warnings.map((warning) => `warning   ${warning}`),
  ];
}
