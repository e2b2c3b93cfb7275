const { createHash } = require('node:crypto');
const { appendFileSync, readdirSync, readFileSync } = require('node:fs');
const path = require('node:path');
const { stripVTControlCharacters } = require('node:util');

/** What the private servers of a suite that failed printed last: testbed/private-server.ts keeps it. */
function showServers(testFilePath) {
  const directory = process.env.KEELSON_SERVER_LOGS;
  if (directory === undefined) return;
  const suite = createHash('sha256').update(testFilePath).digest('hex');
  for (const file of readdirSync(directory).filter((name) => name.startsWith(`${suite}.`))) {
    const [, server] = file.split('.');
    const printed = readFileSync(path.join(directory, file), 'utf8');
    process.stdout.write(`the last that a ${server} of ${path.relative('.', testFilePath)} printed:\n${printed}\n`);
  }
}

/** What is said of a failure at the end, where a long run is looked at first; the whole stands where its suite ended. */
const failureCharacters = 2_000;

/** @returns a paragraph for each test that failed, and for each suite that could not be run */
function failuresOf({ testFilePath, testExecError, testResults }) {
  const paragraph = (what, why) => {
    const plain = stripVTControlCharacters(why).trim();
    return `failed: ${path.relative('.', testFilePath)}: ${what}\n${plain.slice(0, failureCharacters)}`;
  };
  const failed = testResults.filter(({ status }) => status === 'failed');
  const tests = failed.map(({ fullName, failureMessages }) => paragraph(fullName, failureMessages.join('\n')));
  return testExecError == null ? tests : [...tests, paragraph('it could not be run', String(testExecError.message))];
}

/** Prints what was skipped, what the servers of failed suites said, and as the very last line the one that CI reads; `npm test`, which runs jest twice, adds the counts up itself, and repeats what failed. */
module.exports = class SummaryReporter {
  onRunComplete(_contexts, results) {
    const counts = {
      passed: results.numPassedTests,
      failed: results.numFailedTests + results.numRuntimeErrorTestSuites,
      skipped: results.numPendingTests + results.numTodoTests,
    };
    for (const suite of results.testResults) {
      if (suite.numFailingTests > 0 || suite.testExecError != null) showServers(suite.testFilePath);
      for (const test of suite.testResults) {
        if (test.status === 'pending') process.stdout.write(`skipped: ${test.fullName}\n`);
      }
    }
    const countsFile = process.env.KEELSON_COUNTS;
    if (countsFile !== undefined) {
      const failures = results.testResults.flatMap(failuresOf);
      appendFileSync(countsFile, `${JSON.stringify({ ...counts, failures })}\n`);
      return;
    }
    // At the exit: jest prints its own summary after every reporter.
    process.once('exit', () =>
      process.stdout.write(`\n${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped\n`),
    );
  }
};
