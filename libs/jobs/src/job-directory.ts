import { access, mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { isAlive } from '@keelson/process';
import type { ProcessRecord } from '@keelson/process';
import { z } from 'zod';
import type { CommandJob } from './jobs';
import { commandJob } from './job-spec';
import { jobFiles, sourceDirectory } from './supervisor/job-files';
import type { JobFiles } from './supervisor/job-files';
import type { EndRecord, GivenRecord, StatusRecord } from './supervisor/records';

const processRecord = z.object({ pid: z.int().positive(), identity: z.string() });
const givenRecord: z.ZodType<GivenRecord> = z.object({ supervisor: processRecord });
const statusRecord: z.ZodType<StatusRecord> = z.object({
  supervisor: processRecord,
  mark: z.string().min(16),
  temp: z.string(),
  startedAtMs: z.number(),
  child: processRecord.optional(),
});
const endRecord: z.ZodType<EndRecord> = z.object({
  end: z.discriminatedUnion('kind', [
    z.object({ kind: z.literal('exited'), code: z.int() }),
    z.object({ kind: z.literal('signalled'), signal: z.string(), stopped: z.literal(true).optional() }),
    z.object({ kind: z.literal('timeout') }),
    z.object({ kind: z.literal('unstartable'), message: z.string() }),
    z.object({ kind: z.literal('lost'), message: z.string() }),
  ]),
  endedAtMs: z.number(),
});

/** What a job's directory says. */
export type Found =
  | { kind: 'absent' }
  /** Never begun. `given`: to this supervisor, which lives and is about to take it. */
  | { kind: 'waiting'; given?: ProcessRecord }
  | { kind: 'running'; status: StatusRecord }
  /** Begun, not ended, and its supervisor is gone. */
  | { kind: 'orphaned'; status: StatusRecord | undefined }
  | { kind: 'ended'; status: StatusRecord | undefined; ended: EndRecord };

/** Makes a job's directory, complete with its spec from the first moment on. @param temp a name beside it that is nobody's yet */
export async function createJobDirectory(
  spec: CommandJob,
  { directory, temp }: { directory: string; temp: string },
): Promise<JobFiles> {
  const files = jobFiles(temp);
  await mkdir(sourceDirectory(files, spec.workdir), { recursive: true, mode: 0o700 });
  await writeFile(files.spec, JSON.stringify(spec), { mode: 0o600 });
  await rename(temp, directory);
  return jobFiles(directory);
}

/** Reads a job's state. Asks the later file first and again at the end: the supervisor writes while this reads. */
export async function readJob(files: JobFiles): Promise<Found> {
  const status = await readRecord(files.status, statusRecord);
  if (status === 'damaged') return (await readEnded(files, undefined)) ?? { kind: 'orphaned', status: undefined };
  if (status === undefined) return (await readEnded(files, undefined)) ?? readWaiting(files);
  const alive = isAlive(status.supervisor);
  const ended = await readEnded(files, status);
  return ended ?? { kind: alive ? 'running' : 'orphaned', status };
}

/** The job as it was asked for; undefined when there is none. */
export async function readSpec(files: JobFiles): Promise<CommandJob | undefined> {
  const spec = await readRecord(files.spec, commandJob);
  return spec === 'damaged' ? undefined : spec;
}

/** Whether the end has been told: cheap. */
export const hasEnded = (files: JobFiles): Promise<boolean> => isThere(files.end);

async function readEnded(files: JobFiles, status: StatusRecord | undefined): Promise<Found | undefined> {
  const ended = await readRecord(files.end, endRecord);
  if (ended === undefined) return undefined;
  if (ended !== 'damaged') return { kind: 'ended', status, ended };
  const message = `what is known of its end is damaged: ${files.end}`;
  return { kind: 'ended', status, ended: { end: { kind: 'lost', message }, endedAtMs: status?.startedAtMs ?? 0 } };
}

async function readWaiting(files: JobFiles): Promise<Found> {
  const given = await readRecord(files.given, givenRecord);
  if (given !== undefined && given !== 'damaged') {
    if (isAlive(given.supervisor)) return { kind: 'waiting', given: given.supervisor };
    // It may have taken the job between our two looks, and ended.
    if (await isThere(files.status)) return readJob(files);
  }
  return (await isThere(files.directory)) ? { kind: 'waiting' } : { kind: 'absent' };
}

async function isThere(file: string): Promise<boolean> {
  try {
    await access(file);
    return true;
  } catch (error) {
    if (isAbsent(error)) return false;
    throw error;
  }
}

async function readRecord<T>(file: string, schema: z.ZodType<T>): Promise<T | 'damaged' | undefined> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    if (isAbsent(error)) return undefined;
    throw error;
  }
  try {
    return schema.parse(JSON.parse(text));
  } catch {
    return 'damaged'; // the job runs as our user: it can write into our files, and a power cut can leave them empty
  }
}

export const isAbsent = (error: unknown): boolean => (error as NodeJS.ErrnoException).code === 'ENOENT';

/** The jobs of a root; all other names in it are ours. */
export const jobDirectory = (root: string, name: string): JobFiles => jobFiles(path.join(root, name));
