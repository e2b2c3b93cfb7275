import { eventTypes } from '@keelson/events';
import type { Event, EventOf, RunData, StageName } from '@keelson/events';
import { planKey, stageEndedKey } from '@keelson/ledger';
import type { Ledger } from '@keelson/ledger';
import { planSchema } from '@keelson/pipeline';
import type { createColors } from 'picocolors';
import { duration } from './duration';
import { printableText } from './printable';
import { shortRef } from './short-ref';
import { verdictText } from './verdict-text';

type Colours = ReturnType<typeof createColors>;

/** Where the tests run that are told of: on this machine, as Jobs of a cluster, or wherever another process has them run. */
export type TestPlace = 'machine' | 'cluster' | 'elsewhere';

export type Manner = { colours: Colours; testPlace: TestPlace };

/** What a person is told of an event; undefined: nothing. Times are those of the records, as `show` tells them. */
export async function eventText(event: Event, ledger: Ledger, manner: Manner): Promise<string | undefined> {
  const { colours } = manner;
  switch (event.type) {
    case eventTypes.changeMerged: {
      const { ref, commit, source } = event.data.customData;
      const what = `${colours.bold(printableText(shortRef(ref)))} ${commit.slice(0, 12)}`;
      return `${what}  ${colours.dim(printableText(source))}`;
    }
    case eventTypes.branchDeleted:
      return `${printableText(shortRef(event.data.customData.ref))} is gone`;
    case eventTypes.runRetried: {
      const { attempt, from } = event.data.customData;
      return `attempt ${attempt} was asked for${from === undefined ? '' : `, from ${from}`}`;
    }
    case eventTypes.runCancelled:
      return 'was asked to end';
    case eventTypes.pipelineRunFinished:
      return verdictText(event, ledger, colours);
    default:
      return stageText(event, ledger, manner);
  }
}

async function stageText(event: Event, ledger: Ledger, manner: Manner): Promise<string | undefined> {
  const { colours } = manner;
  switch (event.type) {
    case eventTypes.buildQueued: {
      const { snapshot } = event.data.customData;
      const subject = (await planOf(ledger, event.data.customData.run))?.subject;
      const what = `${shortDigest(snapshot.digest)}${subject === undefined ? '' : `  ${printableText(subject)}`}`;
      return doneText(ledger, event.data.customData, { stage: 'source', what: colours.dim(what) });
    }
    case eventTypes.buildStarted:
      return buildText(event, ledger, colours);
    case eventTypes.artifactPackaged: {
      const { repository, digest } = event.data.customData.image;
      const what = `${repository}@${shortDigest(digest)}`;
      return doneText(ledger, event.data.customData, { stage: 'build', what: colours.dim(what) });
    }
    case eventTypes.artifactPublished: {
      const { repository, tag, digest } = event.data.customData.image;
      const what = tag === undefined ? `${repository}@${shortDigest(digest)}` : `${repository}:${tag}`;
      return doneText(ledger, event.data.customData, { stage: 'publish', what: colours.dim(what) });
    }
    case eventTypes.testSuiteRunStarted:
      return testText(event, ledger, manner);
    default:
      return undefined;
  }
}

/** A build that is a job; one that is not has ended when its start is told. */
async function buildText(
  event: EventOf<'dev.cdevents.build.started.0.3.0'>,
  ledger: Ledger,
  colours: Colours,
): Promise<string | undefined> {
  const { run, attempt } = event.data.customData;
  const build = (await planOf(ledger, run))?.pipeline.build;
  if (build === undefined || build.strategy === 'append') return undefined;
  const file = build.strategy === 'template' ? build.template : (build.dockerfile ?? 'Dockerfile');
  const again = attempt === 1 ? '' : `attempt ${attempt}: `;
  return `build    ${again}${colours.dim(`${printableText(file ?? '')} by ${build.strategy}`)}`;
}

/** A stage that was done; nothing when this attempt began behind it, and the event only hands on what an earlier one made. */
async function doneText(
  ledger: Ledger,
  { run, attempt }: RunData,
  { stage, what }: { stage: StageName; what: string },
): Promise<string | undefined> {
  const ended = await ledger.read(stageEndedKey({ run, attempt, stage }));
  if (ended === undefined) return undefined;
  const took = duration(Date.parse(ended.endedAt) - Date.parse(ended.startedAt));
  return `${stage.padEnd(8)}${took.padStart(8)}  ${what}`;
}

async function testText(
  event: EventOf<'dev.cdevents.testsuiterun.started.0.3.0'>,
  ledger: Ledger,
  { colours, testPlace }: Manner,
): Promise<string> {
  const { run, attempt } = event.data.customData;
  const test = (await planOf(ledger, run))?.pipeline;
  const again = attempt === 1 ? '' : `attempt ${attempt}: `;
  if (test === undefined || test.test === 'none') return `test     ${again}running`;
  const place = placeText(testPlace, test.image.base);
  return `test     ${again}${printableText(test.test.command.join(' '))}${place && `  ${colours.dim(place)}`}`;
}

/** Said with every test: a cluster enters the image, and this machine does not. */
function placeText(place: TestPlace, base: string): string {
  if (place === 'elsewhere') return '';
  if (place === 'cluster') return 'on the cluster';
  return `on this machine${base === 'scratch' ? '' : `; the base image ${printableText(base)} is not entered here`}`;
}

const planOf = (ledger: Ledger, run: string) => ledger.read(planKey(run, planSchema));

const shortDigest = (digest: string): string => digest.slice(0, 'sha256:'.length + 12);
