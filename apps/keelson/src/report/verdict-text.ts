import type { EventOf } from '@keelson/events';
import { changeKey, viewRun } from '@keelson/ledger';
import type { AttemptView, Ledger } from '@keelson/ledger';
import type { createColors } from 'picocolors';
import { duration } from './duration';
import { printableLines } from './printable';

type Finished = EventOf<'dev.cdevents.pipelinerun.finished.0.3.0'>;
type Colours = ReturnType<typeof createColors>;

/** How an attempt ended, after what time, why, and what took how long. */
export async function verdictText(event: Finished, ledger: Ledger, colours: Colours): Promise<string> {
  const { run, attempt, outcome, reason } = event.data.customData;
  const attempts = (await viewRun(ledger, run))?.attempts ?? [];
  const view = attempts.find((each) => each.attempt === attempt);
  const named = colours.bold(word(outcome, reason?.code, colours));
  const took = await tookText(event, ledger, view);
  const [why = '', ...more] = reason === undefined ? [] : printableLines(reason.message);
  const next = attempts.some((each) => each.attempt > attempt) ? `; attempt ${attempt + 1} follows` : '';
  return [`${named}${took}${why === '' ? '' : `  ${why}`}${next}${stagesText(view)}`, ...more].join('\n');
}

function word(outcome: Finished['data']['customData']['outcome'], code: string | undefined, colours: Colours): string {
  switch (outcome) {
    case 'success':
      return code === 'no-test' ? colours.yellow('NOT TESTED') : colours.green('GREEN');
    case 'failure':
      return colours.red('RED');
    case 'error':
      return colours.red('ERROR');
    case 'cancel':
      return colours.yellow((code ?? 'cancelled').toUpperCase());
  }
}

/** The first attempt counts from when the change was seen, a later one from when it was opened. */
async function tookText(event: Finished, ledger: Ledger, view: AttemptView | undefined): Promise<string> {
  const { source, ref, sequence, attempt } = event.data.customData;
  const change = attempt === 1 ? await ledger.read(changeKey(source, ref, sequence)) : undefined;
  const ms = Date.parse(view?.endedAt ?? event.time) - Date.parse(change?.seenAt ?? view?.openedAt ?? '');
  return Number.isNaN(ms) ? '' : `  ${duration(ms)}`;
}

function stagesText(view: AttemptView | undefined): string {
  const stages = (view?.stages ?? []).flatMap(({ stage, tookMs }) =>
    tookMs === undefined ? [] : [`${stage} ${duration(tookMs)}`],
  );
  return stages.length === 0 ? '' : `  (${stages.join(', ')})`;
}
