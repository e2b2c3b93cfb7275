import { z } from 'zod';
import { JobsError } from './jobs';
import type { JobSpec } from './jobs';

/** It becomes a directory's name, and a Kubernetes Job's: no `..`, no leading dot. */
const nameShape = /^[a-z0-9][a-z0-9.-]{0,62}$/;
const noNul = z.string().refine((text) => !text.includes('\0'), 'has a NUL byte in it');
const variable = z.string().regex(/^[^=\0]+$/, 'is not the name of a variable');

export const jobSpecSchema = z.strictObject({
  name: z.string().regex(nameShape),
  image: z.string().min(1),
  command: z.array(noNul).min(1).readonly(),
  env: z.record(variable, noNul).readonly(),
  workdir: z.string().min(1),
  timeoutMs: z.number().positive(),
  artifacts: z.array(z.string().min(1)).readonly(),
});

/** @throws JobsError when no job could ever run by this */
export function checkSpec(spec: JobSpec): JobSpec {
  const checked = jobSpecSchema.safeParse(spec);
  if (checked.success) return checked.data;
  const faults = checked.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`);
  throw new JobsError(`the job ${JSON.stringify(spec.name)} cannot be run: ${faults.join('; ')}`, false);
}

/** A name that no job can have is the name of no job. */
export const isJobName = (name: string): boolean => nameShape.test(name);
