import { readFileSync } from 'node:fs';
import path from 'node:path';
import { builders } from '@keelson/builders';
import type { BuildProgress, StrategyName } from '@keelson/builders';
import { ProcessJobs } from '@keelson/jobs';
import type { Jobs, JobSpec, ManifestJob } from '@keelson/jobs';
import { supervisorPath } from '@keelson/work-testing';

const recordings = path.join(__dirname, '../../../libs/builders/src/testdata');

/** What a real builder once printed, and its exit code. */
export type Recording = { tool: string; name: string; exit: number };

const read = (file: string): string => readFileSync(path.join(recordings, file), 'utf8');

/** The files that were built when this was recorded. */
export const recordedTree = (tool: string, name: string): Record<string, string> =>
  (JSON.parse(read(`${tool}.${name}.json`)) as { files: Record<string, string> }).files;

/** What was read of it. */
export function recordedProgress(tool: StrategyName, name: string): BuildProgress {
  const reader = builders[tool].reader();
  for (const line of read(`${tool}.${name}.log`).trimEnd().split('\n')) reader.line(line);
  return reader.end();
}

/** Runs a builder's Job as a process that prints what the real builder printed in a cluster, and ends as it ended. */
export function recordedBuilders(directory: string, recording: () => Recording) {
  return scriptedJobs(directory, () => {
    const { tool, name, exit } = recording();
    return `cat ${path.join(recordings, `${tool}.${name}.log`)}; exit ${exit}`;
  });
}

/**
 * Runs a cluster's Job as a process of this script. All else is the process adapter's: the log, its end, what survives a crash.
 */
export function scriptedJobs(directory: string, script: () => string) {
  const processes = new ProcessJobs({
    ...{ directory, supervisorPath: supervisorPath(), stopGraceMs: 300, drainMs: 300 },
    materialise: () => Promise.resolve(),
  });
  const asked: ManifestJob[] = [];
  const jobs: Jobs = {
    ensure: (spec: JobSpec, signal?: AbortSignal) => {
      if (!('objects' in spec)) throw new Error('a builder is asked for as objects of a cluster');
      asked.push(spec);
      return processes.ensure(
        {
          ...{ name: spec.name, image: 'builder', command: ['sh', '-c', script()], env: {} },
          ...{ workdir: '/', timeoutMs: spec.timeoutMs, artifacts: [] },
        },
        signal,
      );
    },
    list: () => processes.list(),
    log: (...args) => processes.log(...args),
    files: (name) => processes.files(name),
    stop: (name) => processes.stop(name),
    remove: (name) => processes.remove(name),
    changes: (signal) => processes.changes(signal),
  };
  return { jobs, processes, asked };
}
