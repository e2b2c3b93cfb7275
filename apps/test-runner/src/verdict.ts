import type { Reason, RunOutcome } from '@keelson/events';
import type { JobEnd } from '@keelson/jobs';

export type Verdict = { outcome: RunOutcome; reason?: Reason; exitCode?: number };

/** Signals that reach a test from outside rather than from its own fault: the kernel out of memory, or a person. */
const fromOutside = new Set(['SIGKILL', 'SIGTERM', 'SIGHUP', 'SIGINT']);

/** What a job's end says about the user's code. Unknown is an error, never a success. */
export function verdictOf(end: JobEnd, timeoutMs: number): Verdict {
  switch (end.kind) {
    case 'exited':
      if (end.code === 0) return { outcome: 'success', exitCode: 0 };
      return { ...failure('exit-code', `the test command ended with exit code ${end.code}`), exitCode: end.code };
    case 'signalled':
      return signalled(end);
    case 'timeout':
      return failure('timeout', `the test ran longer than its timeout of ${Math.round(timeoutMs / 1000)} s`);
    case 'unstartable':
      return failure('unstartable', end.message);
    case 'cluster':
      return end.fault === 'user' ? failure(end.cause, end.message) : error(end.cause, end.message);
    case 'lost':
      return error('lost', end.message);
  }
}

function signalled({ signal, stopped }: Extract<JobEnd, { kind: 'signalled' }>): Verdict {
  if (stopped === true) return error('stopped', 'the test was cut short: Keelson was ended while it ran');
  return fromOutside.has(signal)
    ? error('killed', `the test was cut short by ${signal}: the machine out of memory, or somebody`)
    : failure('signal', `the test command died of ${signal}`);
}

const failure = (code: string, message: string): Verdict => ({ outcome: 'failure', reason: { code, message } });
const error = (code: string, message: string): Verdict => ({ outcome: 'error', reason: { code, message } });
