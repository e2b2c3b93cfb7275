import { constants } from 'node:os';

/** How long a question may take to end in order after Ctrl-C. */
const graceMs = 1_000;

/** What ends a question before its answer is complete. */
export type Interruption = {
  signal: AbortSignal;
  /** The exit status when it was interrupted: as a shell tells a signal, or 0 when the reader had enough. */
  status: () => number | undefined;
};

/** Aborts at the first SIGINT or SIGTERM, or when nobody reads any more. Ends the process where that is not heeded in time. */
export function interruption(gone: AbortSignal): Interruption {
  const ended = new AbortController();
  let status: number | undefined;
  const end = (exitStatus: number) => {
    status ??= exitStatus;
    ended.abort();
    setTimeout(() => process.exit(status), graceMs).unref();
  };
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => end(128 + constants.signals[signal])); // once: the second one ends the process at once
  }
  gone.addEventListener('abort', () => end(0), { once: true });
  return { signal: ended.signal, status: () => status };
}
