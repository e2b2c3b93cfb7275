import { UsageError } from './usage-error';

/** Errors whose message says all a person needs: no stack trace. Everything else is a fault of ours and shows where. */
function explain(error: unknown): string {
  if (!(error instanceof Error)) return `keelson: ${String(error)}`;
  const isExplained = error instanceof UsageError || 'code' in error;
  return isExplained
    ? `keelson: ${error.message}`
    : `keelson: this is a fault of ours: ${error.stack ?? error.message}`;
}

/** Ends the process, once its output is written: with a status, or with 2 and the error's message. */
export function endWith(outcome: unknown): void {
  if (typeof outcome === 'number') {
    process.exitCode = outcome;
  } else {
    process.stderr.write(`${explain(outcome)}\n`);
    process.exitCode = 2;
  }
  // What is still open belongs to nobody: a keep-alive connection must not hold the command.
  process.stdout.write('', () => process.exit());
}
