import { viewRun } from '@keelson/ledger';
import type { AttemptView, RunView } from '@keelson/ledger';
import { duration } from '../report/printable';
import { writeJson } from './context';
import type { Context } from './context';

/** `keelson runs`: the newest last, one line each. */
export async function runs(context: Context, options: { limit: number }): Promise<void> {
  const ids = await context.ledger.runs();
  const shown = options.limit === 0 ? ids : ids.slice(-options.limit);
  for (const id of shown) {
    const view = await viewRun(context.ledger, id);
    if (view === undefined) continue;
    await (context.isJson ? writeJson(context, summary(view)) : context.output.write(line(view)));
  }
  if (ids.length === 0 && !context.isJson) await context.problems.write('no runs yet; `keelson up` makes some');
}

/** What `show --json` says of the run as a whole, and of its last attempt. What is not there (yet) is null. */
export function summary(view: RunView) {
  const last = view.attempts.at(-1);
  const { run, name, source, ref, commit, sequence, outcome, reason = null } = view;
  return {
    ...{ run, name, source, ref, commit, sequence, outcome, reason },
    startedAt: view.attempts[0]?.openedAt ?? null,
    ...(last === undefined ? {} : lastAttempt(last)),
  };
}

function lastAttempt(view: AttemptView) {
  const { attempt, stages, image, warnings } = view;
  return {
    ...{ attempt, stages, warnings, endedAt: view.endedAt ?? null },
    image: image === undefined ? null : { ...image, reference: `${image.repository}@${image.digest}` },
    ...{ snapshot: view.snapshot ?? null, log: view.log ?? null },
    artifacts: view.artifacts.map(({ path, sizeBytes }) => ({ path, sizeBytes })),
  };
}

function line(view: RunView): string {
  const last = view.attempts.at(-1);
  const ref = view.ref.replace(/^refs\/(heads|tags)\//, '');
  const attempt = last === undefined || last.attempt === 1 ? '' : `  attempt ${last.attempt}`;
  const why = view.outcome === 'success' || view.reason === undefined ? '' : `  ${firstLine(view.reason.message)}`;
  const what = `${ref} ${view.commit.slice(0, 12)}  ${view.source}`;
  return `${view.name.padEnd(20)} ${view.outcome.padEnd(8)} ${took(view).padStart(10)}  ${what}${attempt}${why}`;
}

/** From the first attempt's beginning to the last one's end. */
function took({ attempts }: RunView): string {
  const ms = Date.parse(attempts.at(-1)?.endedAt ?? '') - Date.parse(attempts[0]?.openedAt ?? '');
  return Number.isNaN(ms) ? '' : duration(ms);
}

const firstLine = (text: string): string => text.split('\n', 1)[0] ?? '';
