import { viewRun } from '@keelson/ledger';
import type { AttemptView, RunView } from '@keelson/ledger';
import { createColors } from 'picocolors';
import { duration } from '../report/duration';
import { outcomeColour } from '../report/outcome-colour';
import { printableLines, printableText } from '../report/printable';
import { shortRef } from '../report/short-ref';
import { writeJson } from './context';
import type { Asking } from './context';

/** `keelson runs`: the newest last, one line each. */
export async function runs(context: Asking, options: { limit: number }): Promise<void> {
  const { ledger, signal } = context;
  const ids = await ledger.runs();
  const shown = options.limit === 0 ? ids : ids.slice(-options.limit);
  for (const id of shown) {
    signal.throwIfAborted();
    const view = await viewRun(ledger, id);
    if (view === undefined) continue;
    await (context.isJson ? writeJson(context, summary(view)) : context.output.write(line(view, context.isColoured)));
  }
  if (context.isJson) return;
  const left = ids.length - shown.length;
  if (left > 0) await context.problems.write(`${left} older ones are not listed; -n 0 lists all`);
  if (ids.length === 0) await context.problems.write('no runs yet; `keelson up` makes some');
}

/** What `show --json` says of the run as a whole, and of its last attempt. What is not there (yet) is null. */
export function summary(view: RunView) {
  const last = view.attempts.at(-1);
  const { run, name, source, ref, commit, sequence, outcome, reason = null } = view;
  return {
    ...{ run, name, source, ref, commit, sequence, outcome, reason },
    startedAt: view.attempts[0]?.openedAt ?? null,
    ...(last === undefined ? {} : lastAttempt(last, view.attempts)),
  };
}

/** A later attempt may begin behind the build: what lies before is an earlier attempt's. */
function lastAttempt(last: AttemptView, attempts: readonly AttemptView[]) {
  const { attempt, stages, warnings } = last;
  const image = attempts.findLast((each) => each.image !== undefined)?.image;
  const snapshot = attempts.findLast((each) => each.snapshot !== undefined)?.snapshot;
  return {
    ...{ attempt, stages, warnings, endedAt: last.endedAt ?? null },
    image: image === undefined ? null : { ...image, reference: `${image.repository}@${image.digest}` },
    ...{ snapshot: snapshot ?? null, log: last.log ?? null },
    artifacts: last.artifacts.map(({ path, sizeBytes }) => ({ path, sizeBytes })),
  };
}

function line(view: RunView, isColoured: boolean): string {
  const last = view.attempts.at(-1);
  const outcome = outcomeColour(createColors(isColoured), view.outcome)(view.outcome.padEnd(7));
  const attempt = last === undefined || last.attempt === 1 ? '' : `  attempt ${last.attempt}`;
  const [why = ''] = view.outcome === 'success' || view.reason === undefined ? [] : printableLines(view.reason.message);
  const what = printableText(`${shortRef(view.ref)} ${view.commit.slice(0, 12)}  ${view.source}`);
  return `${view.name.padEnd(17)}  ${outcome}  ${took(view).padStart(11)}  ${what}${attempt}${why === '' ? '' : `  ${why}`}`;
}

/** From the first attempt's beginning to the last one's end. */
function took({ attempts }: RunView): string {
  const ms = Date.parse(attempts.at(-1)?.endedAt ?? '') - Date.parse(attempts[0]?.openedAt ?? '');
  return Number.isNaN(ms) ? '' : duration(ms);
}
