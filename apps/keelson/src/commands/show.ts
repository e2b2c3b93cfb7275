import { stageName } from '@keelson/events';
import type { StageName } from '@keelson/events';
import { manifestKey, refusedKey, runName, viewRun } from '@keelson/ledger';
import type { AttemptView, RunView, StageView } from '@keelson/ledger';
import { manifestRecord, refusedRecord } from '@keelson/pipeline';
import type { RefusedRecord } from '@keelson/pipeline';
import { duration } from '../report/duration';
import { printableText } from '../report/printable';
import { UsageError } from '../usage-error';
import { writeJson } from './context';
import type { Asking } from './context';
import { findRun } from './find-run';
import { summary } from './runs';

export type ShowOptions = { rendered?: string };

/** `keelson show RUN`: all that is known of one run. */
export async function show(context: Asking, run: string, { rendered }: ShowOptions = {}): Promise<void> {
  const id = await findRun(context.ledger, run);
  if (rendered !== undefined) return showRendered(context, id, rendered);
  const view = await viewRun(context.ledger, id);
  if (view === undefined) throw new UsageError(`run ${id} has no records yet: ask again in a moment`);
  if (context.isJson)
    return writeJson(context, { ...summary(view), rebuiltFor: view.rebuiltFor ?? null, attempts: view.attempts });
  for (const line of lines(view)) await context.output.write(line);
}

/** What a stage's Job is made of, but for its secrets. */
async function showRendered(context: Asking, run: string, text: string): Promise<void> {
  const stage = stageName.safeParse(text).data;
  const record = stage && (await context.ledger.read(manifestKey(run, stage, manifestRecord)));
  const refused = record === undefined && stage ? await lastRefused(context, run, stage) : undefined;
  const shown = record ?? refused;
  if (shown === undefined) {
    throw new UsageError(
      `${runName(run)} has no rendered Job template for ${JSON.stringify(text)}: name build or test`,
    );
  }
  if (context.isJson) {
    const { file } = shown;
    const more = record ? { namespace: record.namespace?.name, image: record.image } : { refused: true };
    return writeJson(context, { file, text: shown.text, ...more });
  }
  for (const line of shown.text.replace(/\n$/, '').split(/\r?\n/)) await context.output.write(printableText(line));
}

/** What the last attempt that refused the template had it rendered to. */
async function lastRefused({ ledger }: Asking, run: string, stage: StageName): Promise<RefusedRecord | undefined> {
  const attempts = (await viewRun(ledger, run))?.attempts ?? [];
  for (const { attempt } of attempts.toReversed()) {
    const record = await ledger.read(refusedKey({ run, attempt, stage }, refusedRecord));
    if (record !== undefined) return record;
  }
  return undefined;
}

const field = (name: string, value: string): string[] =>
  value.split('\n').map((line, at) => `${(at === 0 ? name : '').padEnd(10)}${printableText(line)}`);

function lines(view: RunView): string[] {
  const isOneOfMany = view.attempts.length > 1;
  return [
    ...field('run', `${view.name}  ${view.run}`),
    ...field('source', view.source),
    ...field('ref', `${view.ref}  change ${view.sequence}`),
    ...field('commit', view.commit),
    ...field('outcome', ended(view)),
    ...(view.rebuiltFor ?? []).flatMap(({ reference, from, to }) =>
      field('because', `the base ${reference} moved from ${from} to ${to}`),
    ),
    ...view.attempts.flatMap((attempt) => [
      ...(isOneOfMany ? ['', ...field('attempt', `${attempt.attempt}  ${ended(attempt)}`)] : []),
      ...attemptLines(attempt),
    ]),
  ];
}

const ended = ({ outcome, reason }: Pick<RunView, 'outcome' | 'reason'>): string =>
  reason === undefined ? outcome : `${outcome}: ${reason.message}`;

function attemptLines(attempt: AttemptView): string[] {
  const { image, snapshot, log, build, verified } = attempt;
  return [
    ...attempt.stages.flatMap((stage) => field(`  ${stage.stage}`, stageText(stage))),
    ...(snapshot === undefined ? [] : field('snapshot', snapshot.reference)),
    ...(image === undefined ? [] : field('image', `${image.repository}@${image.digest}`)),
    ...(image === undefined || image.tags.length === 0 ? [] : field('tags', image.tags.join(', '))),
    ...(build === undefined ? [] : buildLines(build)),
    ...(verified === undefined ? [] : field('verified', verifiedText(verified))),
    ...(log === undefined ? [] : field('log', logText(log))),
    ...attempt.artifacts.flatMap(({ path, sizeBytes }) => field('artifact', `${path}  ${sizeBytes} bytes`)),
    ...attempt.warnings.flatMap((warning) => field('warning', warning)),
  ];
}

/** Each step of a Dockerfile: taken from the cache or run, and why. */
function buildLines({ steps, bases, bytes }: NonNullable<AttemptView['build']>): string[] {
  return [
    ...bases.flatMap(({ reference, digest }) => field('base', [reference, digest].join('  ').trimEnd())),
    ...steps.flatMap(({ cache, text, because }) => [
      ...field('step', `${cache.padEnd(5)}${firstLine(text)}`),
      ...(because === undefined ? [] : field('', `     ${firstLine(because)}`)),
    ]),
    ...(bytes === undefined
      ? []
      : field('layers', `${bytes.pushed} bytes new, ${bytes.skipped} bytes as in the image before`)),
  ];
}

/** What the same build without cache gave. */
function verifiedText({ outcome, count, differences, reason }: NonNullable<AttemptView['verified']>): string {
  if (outcome === 'same') return 'the same files as a build without cache';
  if (outcome === 'unknown') return `unknown: ${reason ?? ''}`;
  const more = count > differences.length ? [`and ${count - differences.length} more`] : [];
  const paths = differences.map(({ path, what }) => `${howText[what]} ${JSON.stringify(path)}`);
  return [`${count} paths differ from a build without cache`, ...paths, ...more].join('\n');
}

const howText = {
  changed: 'another content, mode or owner:',
  'only-cached': 'only in this image:',
  'only-uncached': 'only in the other one:',
};

const firstLine = (text: string): string => text.split('\n')[0] ?? '';

function stageText({ outcome, startedAt, tookMs, exitCode }: StageView): string {
  const took = tookMs === undefined ? '' : duration(tookMs);
  const exit = exitCode === undefined || exitCode === 0 ? '' : `exit code ${exitCode}`;
  return [outcome.padEnd(7), took.padStart(11), startedAt ?? '', exit].join('  ').trimEnd();
}

const logText = ({ lines, bytes, complete, sha256 }: NonNullable<AttemptView['log']>): string =>
  `${lines} lines, ${bytes} bytes, ${complete ? 'complete' : 'with gaps'}, sha256:${sha256}`;
