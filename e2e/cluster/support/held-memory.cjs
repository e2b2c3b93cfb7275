// For `node --expose-gc --require`: on SIGUSR2 a service says, as a line of its own on stderr, how many bytes it holds that cannot be
// collected: what it has from the system besides breathes with the work, by tens of megabytes.
process.on('SIGUSR2', () => {
  globalThis.gc();
  const { heapUsed, external } = process.memoryUsage();
  process.stderr.write(`E2E_HELD ${heapUsed + external}\n`);
});
