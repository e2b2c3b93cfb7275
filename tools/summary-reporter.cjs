const { appendFileSync } = require('node:fs');

/** Prints what was skipped, and as the very last line the one that CI reads; `npm test`, which runs jest twice, adds the counts up itself. */
module.exports = class SummaryReporter {
  onRunComplete(_contexts, results) {
    const counts = {
      passed: results.numPassedTests,
      failed: results.numFailedTests + results.numRuntimeErrorTestSuites,
      skipped: results.numPendingTests + results.numTodoTests,
    };
    for (const suite of results.testResults) {
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
