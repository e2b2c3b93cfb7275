import { eventTypes } from '@keelson/events';
import type { Event } from '@keelson/events';
import { logPrefix, runName } from '@keelson/ledger';
import { readLog } from '@keelson/logs';
import type { ObservedStore } from '../observed-store';
import type { Reporter } from './reporter';

/** Tells a reporter events in their order, each test's output between its start and its verdict. */
export class RunFollower {
  readonly #logs = new Map<string, Promise<void>>();

  constructor(
    readonly store: ObservedStore,
    readonly reporter: Reporter,
  ) {}

  async event(event: Event, signal: AbortSignal): Promise<void> {
    const { customData } = event.data;
    if (event.type === eventTypes.testSuiteRunFinished) await this.#logs.get(customDataKey(event));
    await this.reporter.event(event);
    if (event.type === eventTypes.testSuiteRunStarted) this.follow(event.data.customData, signal);
    if (event.type === eventTypes.pipelineRunFinished && 'attempt' in customData)
      this.#logs.delete(customDataKey(event));
  }

  /** Follows the output of a test from its first line, in the background. */
  follow(of: { run: string; attempt: number }, signal: AbortSignal): void {
    const key = `${of.run}/${of.attempt}`;
    if (this.#logs.has(key)) return;
    this.#logs.set(
      key,
      this.#tell(of, signal).catch((error: unknown) => {
        if (!signal.aborted)
          return this.reporter.notice(runName(of.run), `its output cannot be shown: ${String(error)}`);
        return undefined;
      }),
    );
  }

  async #tell({ run, attempt }: { run: string; attempt: number }, signal: AbortSignal): Promise<void> {
    const prefix = logPrefix({ run, attempt, stage: 'test' });
    const origin = { run, attempt, name: runName(run) };
    const read = new AbortController();
    const changes = this.store.puts(prefix, AbortSignal.any([signal, read.signal]));
    try {
      for await (const line of readLog({ store: this.store, prefix, follow: true, changes }, signal)) {
        await this.reporter.logLine(origin, line);
      }
    } finally {
      read.abort();
    }
  }
}

function customDataKey(event: Event): string {
  const { customData } = event.data;
  return 'run' in customData && 'attempt' in customData ? `${customData.run}/${customData.attempt}` : '';
}
