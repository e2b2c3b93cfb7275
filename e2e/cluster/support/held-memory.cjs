// For `node --require`: on SIGUSR2 a service says, as a line of its own on stderr, how many bytes it holds that cannot be collected:
// what it has from the system besides breathes with the work, by tens of megabytes.
process.on('SIGUSR2', () => {
  // Only now: until then the process runs with no other flags than in its pod.
  require('node:v8').setFlagsFromString('--expose-gc');
  require('node:vm').runInNewContext('gc')();
  const { heapUsed, external } = process.memoryUsage();
  process.stderr.write(`E2E_HELD ${heapUsed + external}\n`);
});
