/** `describe`, or what stands for it where something is missing. */
export type Suite = (name: string, suite: () => void) => void;

/**
 * `describe` when nothing is missing. Elsewhere the suite is skipped and says why; under `.ci/run` (KEELSON_TESTBED=required), which
 * installs and starts everything, it fails.
 */
export function suiteUnless(why: string | undefined): Suite {
  if (why === undefined) return (name, suite) => describe(name, suite);
  return (name, suite) => {
    if (process.env['KEELSON_TESTBED'] === 'required') {
      test(name, () => {
        throw new Error(why);
      });
      return;
    }
    skippedBecause(why)(name, suite);
  };
}

/** The suite is skipped, and says why. */
export function skippedBecause(why: string): Suite {
  return (name, suite) => {
    process.stderr.write(`skipped: ${name}: ${why}\n`);
    describe.skip(name, suite);
  };
}
