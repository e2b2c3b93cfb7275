import { constants } from 'node:os';

const signals = ['SIGINT', 'SIGTERM'] as const;
export type TerminationSignal = (typeof signals)[number];

export type TerminationOptions = {
  /** A further signal this soon is the same one: a terminal and npm both pass Ctrl-C on. Default 300 ms, too soon for a person. */
  sameWithinMs?: number;
};

/**
 * The first SIGINT or SIGTERM calls back, once; the second one ends the process at once with status 128 + its number.
 * @returns what gives the signals back
 */
export function onTermination(
  callback: (signal: TerminationSignal) => void,
  { sameWithinMs = 300 }: TerminationOptions = {},
): () => void {
  let firstMs: number | undefined;
  const receive = (signal: TerminationSignal) => {
    const nowMs = performance.now();
    if (firstMs === undefined) {
      firstMs = nowMs;
      callback(signal);
    } else if (nowMs - firstMs >= sameWithinMs) {
      process.exit(128 + constants.signals[signal]);
    }
  };
  for (const signal of signals) process.on(signal, receive);
  return () => {
    for (const signal of signals) process.off(signal, receive);
  };
}
