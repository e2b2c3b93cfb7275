import { eventTypes } from '@keelson/events';
import type { Event, EventOf, StageName } from '@keelson/events';
import { planKey, stageEndedKey } from '@keelson/ledger';
import type { Ledger } from '@keelson/ledger';
import { planSchema } from '@keelson/pipeline';
import type { createColors } from 'picocolors';
import { duration } from './duration';
import { printableText } from './printable';
import { shortRef } from './short-ref';
import { verdictText } from './verdict-text';

type Colours = ReturnType<typeof createColors>;

/** What a person is told of an event; undefined: nothing. Times are those of the records, as `show` tells them. */
export async function eventText(event: Event, ledger: Ledger, colours: Colours): Promise<string | undefined> {
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
      return stageText(event, ledger, colours);
  }
}

async function stageText(event: Event, ledger: Ledger, colours: Colours): Promise<string | undefined> {
  switch (event.type) {
    case eventTypes.buildQueued: {
      const { run, snapshot } = event.data.customData;
      const subject = (await planOf(ledger, run))?.subject;
      const what = `${shortDigest(snapshot.digest)}${subject === undefined ? '' : `  ${printableText(subject)}`}`;
      return `${await took(ledger, event, 'source')}  ${colours.dim(what)}`;
    }
    case eventTypes.artifactPackaged: {
      const { repository, digest } = event.data.customData.image;
      return `${await took(ledger, event, 'build')}  ${colours.dim(`${repository}@${shortDigest(digest)}`)}`;
    }
    case eventTypes.artifactPublished: {
      const { repository, tag } = event.data.customData.image;
      const pull = tag === undefined ? 'it can be pulled' : `${repository}:${tag}`;
      return `${await took(ledger, event, 'publish')}  ${colours.dim(pull)}`;
    }
    case eventTypes.testSuiteRunStarted:
      return testText(event, ledger, colours);
    default:
      return undefined;
  }
}

async function took(ledger: Ledger, event: Event, stage: StageName): Promise<string> {
  const { customData } = event.data;
  const ended = 'attempt' in customData ? await ledger.read(stageEndedKey({ ...customData, stage })) : undefined;
  const ms = ended === undefined ? undefined : Date.parse(ended.endedAt) - Date.parse(ended.startedAt);
  return `${stage.padEnd(8)}${(ms === undefined ? '' : duration(ms)).padStart(8)}`;
}

async function testText(
  event: EventOf<'dev.cdevents.testsuiterun.started.0.3.0'>,
  ledger: Ledger,
  colours: Colours,
): Promise<string> {
  const { run, attempt } = event.data.customData;
  const test = (await planOf(ledger, run))?.pipeline;
  const again = attempt === 1 ? '' : `attempt ${attempt}: `;
  if (test === undefined || test.test === 'none') return `test     ${again}running`;
  const command = printableText(test.test.command.join(' '));
  // Said with every test: it is what differs from a cluster.
  const entered =
    test.image.base === 'scratch' ? '' : `; the base image ${printableText(test.image.base)} is not entered here`;
  return `test     ${again}${command}  ${colours.dim(`on this machine${entered}`)}`;
}

const planOf = (ledger: Ledger, run: string) => ledger.read(planKey(run, planSchema));

const shortDigest = (digest: string): string => digest.slice(0, 'sha256:'.length + 12);
