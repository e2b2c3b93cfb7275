import { randomUUID } from 'node:crypto';
import type {
  CommandJob,
  JobEnd,
  JobFile,
  JobLogEntry,
  JobLogLine,
  JobLogPlace,
  Jobs,
  JobSpec,
  JobState,
} from './jobs';

/** One place where jobs run, and the adapters on it. */
export type JobsHarness = {
  /** An adapter on this place. Called again: another process's view of the same jobs. */
  open(): Promise<Jobs>;
  /** An image with `sh`, the usual tools of a Unix, and below `workdir` the sample file. */
  image: string;
  workdir: string;
  sample: { path: string; content: string };
  /** False where files cannot be got out of an ended job (yet). */
  keepsFiles: boolean;
  /** False where output and errors come through two pipes and carriage returns before a line end are dropped: containerd does both. */
  isExact: boolean;
  /** Stops what runs and forgets the place. */
  end(): Promise<void>;
};
export type MakeHarness = () => Promise<JobsHarness>;

const stuckMs = 300_000;
const second = 1000;

/** For waits that have an end of their own. */
export const unaborted = new AbortController().signal;

/** A job of a new name. */
export function jobSpec(harness: JobsHarness, command: readonly string[], more: Partial<CommandJob> = {}): CommandJob {
  const { image, workdir } = harness;
  return {
    name: `${randomUUID()}.1.test`,
    image,
    command,
    env: {},
    workdir,
    timeoutMs: 60 * second,
    artifacts: [],
    ...more,
  };
}

/** A command of the image's shell. */
export const sh = (script: string): string[] => ['sh', '-c', script];

/** Waits for a condition; the time bounds a test that is stuck, it measures nothing. */
export async function until<T>(
  what: string,
  look: () => Promise<T | undefined | false> | T | undefined | false,
): Promise<T> {
  const endMs = performance.now() + stuckMs;
  for (;;) {
    const found = await look();
    if (found !== undefined && found !== false) return found;
    if (performance.now() > endMs) throw new Error(`waited in vain until ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

export async function stateOf(jobs: Jobs, name: string): Promise<JobState | undefined> {
  return (await jobs.list()).find((state) => state.name === name);
}

export function untilEnded(jobs: Jobs, name: string): Promise<JobState & { end: JobEnd }> {
  return until(`the job ${name} has ended`, async () => {
    const state = await stateOf(jobs, name);
    return state?.phase === 'ended' && state.end !== undefined && { ...state, end: state.end };
  });
}

/** Ensures the job and waits for its end. */
export async function run(jobs: Jobs, spec: JobSpec): Promise<JobState & { end: JobEnd }> {
  await jobs.ensure(spec);
  return untilEnded(jobs, spec.name);
}

/** All lines of a job's output, to its end. @param place where to go on */
export async function linesOf(jobs: Jobs, name: string, place: Partial<JobLogPlace> = {}): Promise<JobLogLine[]> {
  const lines: JobLogLine[] = [];
  for await (const entry of jobs.log(name, { skipLines: 0, ...place }, unaborted)) lines.push(unbroken(entry));
  return lines;
}

export function unbroken(entry: JobLogEntry): JobLogLine {
  if ('gap' in entry) throw new Error(`output is missing: ${entry.gap}`);
  return entry;
}

export const textOf = (line: JobLogLine): string => Buffer.from(line.bytes).toString();

/** The output as it was before it was cut into lines. */
export function outputOf(lines: readonly JobLogLine[]): Buffer {
  return Buffer.concat(lines.flatMap(({ bytes, partial }) => [bytes, Buffer.from(partial === true ? '' : '\n')]));
}

export async function textsOf(jobs: Jobs, name: string): Promise<string[]> {
  return (await linesOf(jobs, name)).map(textOf);
}

export async function contentOf(file: JobFile | undefined): Promise<string> {
  const pieces: Uint8Array[] = [];
  for await (const bytes of file?.read() ?? []) pieces.push(bytes);
  return Buffer.concat(pieces).toString();
}

/** Reads one job's output line by line, as a test goes on. */
export function follow(
  jobs: Jobs,
  name: string,
  signal: AbortSignal = unaborted,
): { next(): Promise<string | undefined>; end(): Promise<void> } {
  const lines = jobs.log(name, { skipLines: 0 }, signal)[Symbol.asyncIterator]();
  return {
    next: async () => {
      const next = await lines.next();
      return next.done === true ? undefined : textOf(unbroken(next.value));
    },
    end: async () => void (await lines.return?.()),
  };
}
