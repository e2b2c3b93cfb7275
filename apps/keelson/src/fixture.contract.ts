import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Writable } from 'node:stream';
import { composeEvent, eventTypes } from '@keelson/events';
import type { Event, EventOf, EventType, RunData } from '@keelson/events';
import { beginKey, changeKey, endKey, Ledger, logPrefix, planKey, runName } from '@keelson/ledger';
import type { EndRecord } from '@keelson/ledger';
import { LogWriter } from '@keelson/logs';
import { DirObjectStore } from '@keelson/objects';
import { parsePipeline, planSchema } from '@keelson/pipeline';
import type { Asking } from './commands/context';
import { dataDirectory, prepareDataDirectory } from './data-directory';
import type { DataDirectory } from './data-directory';
import { LineOutput } from './report/output';

export const unaborted = new AbortController().signal;

const directories: string[] = [];

/** A directory of this test's own, removed when all have ended. */
export function newDirectory(): string {
  const directory = mkdtempSync(path.join(tmpdir(), 'keelson-command-'));
  directories.push(directory);
  return directory;
}

afterAll(() => {
  for (const directory of directories.splice(0)) rmSync(directory, { recursive: true, force: true });
});

export async function newData(): Promise<DataDirectory> {
  const data = dataDirectory(path.join(newDirectory(), 'data'), '/');
  await prepareDataDirectory(data);
  return data;
}

/** What was written, as text and as bytes. */
export class Captured {
  readonly #chunks: Buffer[] = [];
  readonly output = new LineOutput(
    new Writable({
      write: (chunk: Buffer, _encoding, done) => {
        this.#chunks.push(Buffer.from(chunk));
        done();
      },
    }),
  );

  get bytes(): Buffer {
    return Buffer.concat(this.#chunks);
  }

  get lines(): string[] {
    return this.bytes.toString('utf8').split('\n').slice(0, -1);
  }
}

/** A question's context over a new data directory. */
export async function newAsking(options: { isJson?: boolean; signal?: AbortSignal } = {}) {
  const data = await newData();
  const [out, problems] = [new Captured(), new Captured()];
  const asking: Asking = {
    ...{ data, ledger: new Ledger(await DirObjectStore.open(data.objects)) },
    ...{ output: out.output, problems: problems.output, isJson: options.isJson === true, isColoured: false },
    signal: options.signal ?? unaborted,
  };
  return { asking, ledger: asking.ledger, out, problems };
}

/** Seconds after a beginning, as an instant. */
export const at = (seconds: number): string =>
  new Date(Date.parse('2026-11-24T10:00:00Z') + seconds * 1000).toISOString();

/** A run whose id ends in this number. */
export function runOf(number: number, attempt = 1): RunData {
  return {
    run: `01931f0e-7d3a-7cc1-8a5e-${String(number).padStart(12, '0')}`,
    ...{ attempt, source: '/srv/widget', ref: 'refs/heads/main', commit: 'a'.repeat(40), sequence: number },
  };
}

export const digest = `sha256:${'5'.repeat(64)}`;

/** Opens an attempt, its change seen at 0 s. */
export async function begin(ledger: Ledger, run: RunData, openedAt = at(0)): Promise<void> {
  const name = runName(run.run);
  await ledger.write(beginKey(run.run, run.attempt), { ...run, name, from: 'source', openedBy: 'test', openedAt });
  await ledger.write(changeKey(run.source, run.ref, run.sequence), {
    ...{ run: run.run, name, source: run.source, ref: run.ref, sequence: run.sequence, kind: 'advanced' },
    ...{ commit: run.commit, previous: null, contained: [], seenAt: at(0) },
  });
}

export async function end(ledger: Ledger, run: RunData, how: Pick<EndRecord, 'outcome' | 'reason'>): Promise<void> {
  const name = runName(run.run);
  await ledger.write(endKey(run.run, run.attempt), {
    ...run,
    name,
    stage: 'test',
    endedBy: 'test',
    endedAt: at(9),
    ...how,
  });
}

export async function plan(ledger: Ledger, run: RunData, text: string): Promise<void> {
  const parsed = parsePipeline(text);
  if (!parsed.ok) throw new Error(`not a pipeline: ${text}`);
  const layer = { digest, diffId: digest, sizeBytes: 1, mediaType: 'application/x-test' };
  await ledger.write(planKey(run.run, planSchema), {
    ...{ run: run.run, source: run.source, ref: run.ref, commit: run.commit, sequence: run.sequence },
    ...{ name: runName(run.run), commitTime: at(0), subject: 'Add the \u001b[31mwidget', pipeline: parsed.pipeline },
    ...{ snapshot: { reference: `localhost:7070/widget-source@${digest}`, digest, layer }, tree: run.commit },
    ...{ warnings: [], createdAt: at(0) },
  });
}

type LogToWrite = {
  lines: readonly { bytes: Uint8Array; partial?: boolean }[];
  isSealed?: boolean;
  stage?: 'build' | 'test';
};

/** Stores lines as a log, a test's where nothing else is said; seals it unless told otherwise. */
export async function writeLog(
  ledger: Ledger,
  { run, attempt }: RunData,
  { lines, isSealed = true, stage = 'test' }: LogToWrite,
): Promise<LogWriter> {
  const prefix = logPrefix({ run, attempt, stage });
  const writer = new LogWriter({ store: ledger.store, prefix, clock: Date.now, flushAfterMs: 1 });
  await writer.resume();
  for (const line of lines) await writer.write({ time: '2026-11-24T10:00:01.000000001Z', ...line });
  if (isSealed) await writer.seal();
  return writer;
}

/** An event of a run, its frame filled in. */
export function eventOf<T extends EventType>(
  type: T,
  of: {
    run: RunData;
    customData: EventOf<T>['data']['customData'];
    content?: EventOf<T>['data']['subject']['content'];
    time?: string;
  },
): Event {
  const { run, attempt } = of.run;
  const work = { run, attempt, stage: 'test' as const };
  return composeEvent<EventType>({
    ...{ type, work, service: 'test', subjectId: `${run}/${attempt}`, time: of.time ?? at(9) },
    ...{ content: (of.content ?? {}) as never, customData: of.customData as never },
  });
}

const environment = { id: 'keelson' };

export const changeMerged = (run: RunData): Event =>
  eventOf(eventTypes.changeMerged, { run, customData: run, time: at(0) });

export const testQueued = (run: RunData): Event =>
  eventOf(eventTypes.testSuiteRunQueued, { run, content: { environment }, customData: { ...run, stage: 'test' } });

export const testStarted = (run: RunData): Event =>
  eventOf(eventTypes.testSuiteRunStarted, { run, content: { environment }, customData: { ...run, stage: 'test' } });

export const buildStarted = (run: RunData): Event =>
  eventOf(eventTypes.buildStarted, { run, customData: { ...run, stage: 'build' } });

export const buildFinished = (run: RunData): Event =>
  eventOf(eventTypes.buildFinished, { run, customData: { ...run, stage: 'build', outcome: 'success' } });

export const testFinished = (run: RunData): Event =>
  eventOf(eventTypes.testSuiteRunFinished, {
    ...{ run, content: { environment, outcome: 'success' } },
    customData: { ...run, stage: 'test', outcome: 'success' },
  });

export function runFinished(run: RunData, { outcome, reason }: Pick<EndRecord, 'outcome' | 'reason'>): Event {
  const why = reason === undefined ? {} : { reason };
  return eventOf(eventTypes.pipelineRunFinished, {
    run,
    content: { pipelineName: run.source, uri: `keelson:run:${run.run}`, outcome },
    customData: { ...run, stage: 'test', outcome, name: runName(run.run), ...why },
  });
}
