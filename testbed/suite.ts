/** `describe` or `test`, or what stands for it where something is missing. */
export type Suite = (name: string, suite: () => void) => void;
export type Case = (name: string, run: () => Promise<void> | void, timeoutMs?: number) => void;

/**
 * `describe` when nothing is missing. Elsewhere the suite is skipped and says why; under `.ci/run` (KEELSON_TESTBED=required), which
 * installs and starts everything, it fails.
 */
export function suiteUnless(why: string | undefined): Suite {
  return why !== undefined && isRequired() ? (name) => failing(name, why) : suiteWhere(why);
}

/** The same for one test. */
export function testUnless(why: string | undefined): Case {
  return why !== undefined && isRequired() ? (name) => failing(name, why) : testWhere(why);
}

/** `describe` when nothing is missing, else the suite is skipped and says why: for what cannot be installed or started everywhere. */
export function suiteWhere(why: string | undefined): Suite {
  if (why === undefined) return (name, suite) => describe(name, suite);
  return (name, suite) => {
    sayWhy(name, why);
    describe.skip(name, suite);
  };
}

/** The same for one test. */
export function testWhere(why: string | undefined): Case {
  if (why === undefined) return (name, run, timeoutMs) => test(name, async () => run(), timeoutMs);
  return (name, run) => {
    sayWhy(name, why);
    test.skip(name, async () => run());
  };
}

const isRequired = (): boolean => process.env['KEELSON_TESTBED'] === 'required';

const sayWhy = (name: string, why: string): void => void process.stderr.write(`skipped: ${name}: ${why}\n`);

function failing(name: string, why: string): void {
  test(name, () => {
    throw new Error(why);
  });
}
