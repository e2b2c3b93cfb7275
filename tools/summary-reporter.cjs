const { createHash } = require('node:crypto');
const { appendFileSync, readdirSync, readFileSync } = require('node:fs');
const path = require('node:path');

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

/** Prints what was skipped, what the servers of failed suites said, and as the very last line the one that CI reads; `npm test`, which runs jest twice, adds the counts up itself. */
module.exports = class SummaryReporter {
  onRunComplete(_contexts, results) {
    const counts = {
      passed: results.numPassedTests,
      failed: results.numFailedTests + results.numRuntimeErrorTestSuites,
      skipped: results.numPendingTests + results.numTodoTests,
    };
    for (const suite of results.testResults) {
      if (suite.numFailingTests > 0) showServers(suite.testFilePath);
      for (const test of suite.testResults) {
        if (test.status === 'pending') process.stdout.write(`skipped: ${test.fullName}\n`);
      }
    }
    const countsFile = process.env.KEELSON_COUNTS;
    if (countsFile !== undefined) {
      appendFileSync(countsFile, `${JSON.stringify(counts)}\n`);
      return;
    }
    // At the exit: jest prints its own summary after every reporter.
    process.once('exit', () =>
      process.stdout.write(`\n${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped\n`),
    );
  }
};
