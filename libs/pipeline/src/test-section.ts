import { z } from 'zod';
import { durationForm, durationMs } from './duration';
import { sourceFile } from './source-file';
import { testAccount, testNamespace, testResources, testSecrets, testServices, testVariable } from './test-needs';
import { hasNoNul, nulMessage, textMap } from './text-map';

// Relative, no `..` part. A leading `!` would keep everything else.
// eslint-disable-next-line no-control-regex -- a NUL is what is refused
const globForm = /^(?![/!])(?!(?:[\s\S]*\/)?\.\.(?:\/|$))[^\u0000]+$/;

const artifactGlob = z
  .string()
  .max(1000, 'may have at most 1000 characters')
  .regex(
    globForm,
    'must be a pattern of files below the working directory, like dist/*: relative, without .. and leading !',
  )
  // `dist/` is how people say "all that is in dist"; as a pattern it would match nothing.
  .overwrite((glob) => glob.replace(/^(?:\.\/+)+/, '').replace(/\/$/, '/**'));

const minTimeoutMs = 1000;
const maxTimeoutMs = 86_400_000;

const timeout = z
  .string()
  .regex(durationForm, { error: 'must be a time like 90s, 30m or 1h30m', abort: true })
  .refine((text) => {
    const ms = durationMs(text) ?? 0;
    return ms >= minTimeoutMs && ms <= maxTimeoutMs;
  }, 'must lie between 1s and 24h');

const command = z.array(z.string().refine(hasNoNul, nulMessage));

/** What the file and the plan have in common. */
const shape = {
  env: textMap(testVariable)
    .default({})
    .meta({ description: 'Environment variables of the test. Numbers and booleans are taken as they are written.' }),
  artifacts: z
    .array(artifactGlob)
    .max(100, 'may have at most 100 patterns')
    .default([])
    .meta({
      description: 'Files to keep with the run: patterns relative to the working directory.',
      examples: [['dist/*']],
    }),
  secrets: testSecrets.exactOptional(),
  services: testServices.exactOptional(),
  resources: testResources.exactOptional(),
  serviceAccount: testAccount.exactOptional(),
  namespace: testNamespace.exactOptional(),
  template: sourceFile.optional().meta({
    description: 'Job template in the source that is the test, on a cluster; instead of a command.',
    examples: ['ci_test.yaml'],
  }),
};

/** `test` as people write it. That a command or a template must be there is in key-rules.ts. */
export const testSection = z
  .strictObject({
    command: command
      .min(1, 'must hold a program')
      .refine(([program]) => program !== '', 'must begin with a program')
      .optional()
      .meta({
        description: 'Program and arguments. There is no shell in between.',
        examples: [['./ci.sh'], ['sh', '-c', 'npm ci && npm test']],
      }),
    ...shape,
    timeout: timeout.default('30m').meta({
      description: 'When the test is ended by force: hours, minutes, seconds; 1s to 24h.',
      examples: ['90s', '1h30m'],
    }),
  })
  .meta({ description: 'The test of the image.', anyOf: [{ required: ['command'] }, { required: ['template'] }] });

/** `test` as plans hold it. `command` is empty only where `template` stands for it. */
export const testPlan = z.strictObject({ command, ...shape, timeoutMs: z.int().min(minTimeoutMs).max(maxTimeoutMs) });

/** @param written what `testSection` accepted */
export function testPlanOf(written: z.infer<typeof testSection>): z.infer<typeof testPlan> {
  const { timeout: limit, command: program = [], ...rest } = written;
  return { ...rest, command: program, timeoutMs: durationMs(limit) ?? maxTimeoutMs };
}
