import { eventTypes } from '@keelson/events';
import type { Event } from '@keelson/events';
import { logPrefix, runName } from '@keelson/ledger';
import { readLog, readManifest } from '@keelson/logs';
import type { ObjectStore } from '@keelson/objects';
import { Silence } from './silence';
import type { LogOrigin, Reporter } from './reporter';

/** Yields after something was put below a prefix, until the signal aborts. */
export type Puts = (prefix: string, signal: AbortSignal) => AsyncIterable<void>;

export type FollowOptions = { store: ObjectStore; reporter: Reporter; puts?: Puts | undefined };

type Following = { told: Promise<void>; end: AbortController };

/** Tells a reporter events in their order, each test's output between its start and its end. */
export class RunFollower {
  /** The output being told, by run and attempt. */
  readonly #following = new Map<string, Following>();

  constructor(readonly options: FollowOptions) {}

  async event(event: Event, signal: AbortSignal): Promise<void> {
    if (event.type === eventTypes.testSuiteRunFinished) await this.#ended(event.data.customData);
    await this.options.reporter.event(event);
    if (event.type === eventTypes.testSuiteRunStarted) this.follow(event.data.customData, signal);
  }

  /** Follows the output of a test from its first line, in the background. */
  follow(of: { run: string; attempt: number }, signal: AbortSignal): void {
    if (this.#following.has(keyOf(of))) return;
    const end = new AbortController();
    const told = this.#tell(of, AbortSignal.any([signal, end.signal])).catch((error: unknown) => {
      if (signal.aborted || end.signal.aborted) return;
      return this.options.reporter.notice(runName(of.run), `its output cannot be shown: ${String(error)}`);
    });
    this.#following.set(keyOf(of), { told, end });
  }

  /** The test has ended: waits until its output is told. One that was never sealed ends here, nobody would end it later. */
  async #ended(of: { run: string; attempt: number }): Promise<void> {
    const following = this.#following.get(keyOf(of));
    if (following === undefined) return;
    const manifest = await readManifest({ store: this.options.store, prefix: prefixOf(of) });
    if (manifest === undefined) following.end.abort();
    await following.told;
    this.#following.delete(keyOf(of));
  }

  async #tell(of: { run: string; attempt: number }, signal: AbortSignal): Promise<void> {
    const { store, puts, reporter } = this.options;
    const prefix = prefixOf(of);
    const origin: LogOrigin = { run: of.run, attempt: of.attempt, name: runName(of.run) };
    const read = new AbortController();
    const changes = puts?.(prefix, AbortSignal.any([signal, read.signal]));
    const silence = new Silence((message) => void reporter.fact(origin.name, message));
    try {
      const hints = changes === undefined ? {} : { changes };
      for await (const line of readLog({ store, prefix, follow: true, ...hints }, signal)) {
        silence.heard();
        await reporter.logLine(origin, line);
      }
    } finally {
      silence.end();
      read.abort();
    }
  }
}

const keyOf = ({ run, attempt }: { run: string; attempt: number }): string => `${run}/${attempt}`;
const prefixOf = ({ run, attempt }: { run: string; attempt: number }): string =>
  logPrefix({ run, attempt, stage: 'test' });
