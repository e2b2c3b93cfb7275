import { strategyName } from '@keelson/builders';
import { eventTypes } from '@keelson/events';
import type { Event } from '@keelson/events';
import { Ledger, logPrefix, planKey, runName } from '@keelson/ledger';
import { readLog, readManifest } from '@keelson/logs';
import type { ObjectStore } from '@keelson/objects';
import { planSchema } from '@keelson/pipeline';
import type { BuildStrategy } from '@keelson/pipeline';
import { Silence } from './silence';
import type { LogOrigin, Reporter } from './reporter';

/** Yields after something was put below a prefix, until the signal aborts. */
export type Puts = (prefix: string, signal: AbortSignal) => AsyncIterable<void>;

export type FollowOptions = { store: ObjectStore; reporter: Reporter; puts?: Puts | undefined };

type Following = { told: Promise<void>; end: AbortController };

/** Output that is kept: of which attempt, and of its build or its test. */
export type FollowedLog = { run: string; attempt: number; stage: 'build' | 'test' };

/** Tells a reporter events in their order, the output of each build and test between its start and its end. */
export class RunFollower {
  /** The output being told, by log. */
  readonly #following = new Map<string, Following>();
  readonly #ledger: Ledger;

  constructor(readonly options: FollowOptions) {
    this.#ledger = new Ledger(options.store);
  }

  async event(event: Event, signal: AbortSignal): Promise<void> {
    const ended = endedBy(event);
    if (ended !== undefined) await this.#ended(ended);
    await this.options.reporter.event(event);
    const begun = begunBy(event);
    if (begun !== undefined) await this.follow(begun, signal);
  }

  /** Follows output from its first line, in the background. A build that is no job has none. */
  async follow(of: FollowedLog, signal: AbortSignal): Promise<void> {
    const strategy = of.stage === 'build' ? await this.#strategy(of.run) : undefined;
    if (strategy === 'append' || this.#following.has(keyOf(of))) return;
    const end = new AbortController();
    const builder = strategyName.safeParse(strategy).data;
    const origin = { ...of, name: runName(of.run), ...(builder === undefined ? {} : { builder }) };
    const told = this.#tell(origin, AbortSignal.any([signal, end.signal])).catch((error: unknown) => {
      if (signal.aborted || end.signal.aborted) return;
      return this.options.reporter.notice(runName(of.run), `its output cannot be shown: ${String(error)}`);
    });
    this.#following.set(keyOf(of), { told, end });
  }

  async #strategy(run: string): Promise<BuildStrategy> {
    return (await this.#ledger.read(planKey(run, planSchema)))?.pipeline.build.strategy ?? 'append';
  }

  /** It has ended: waits until its output is told. One that was never sealed ends here, nobody would end it later. */
  async #ended(of: FollowedLog): Promise<void> {
    const following = this.#following.get(keyOf(of));
    if (following === undefined) return;
    const manifest = await readManifest({ store: this.options.store, prefix: logPrefix(of) });
    if (manifest === undefined) following.end.abort();
    await following.told;
    this.#following.delete(keyOf(of));
  }

  async #tell(origin: LogOrigin, signal: AbortSignal): Promise<void> {
    const { store, puts, reporter } = this.options;
    const prefix = logPrefix(origin);
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

function begunBy({ type, data }: Event): FollowedLog | undefined {
  if (type === eventTypes.testSuiteRunStarted) return { ...data.customData, stage: 'test' };
  return type === eventTypes.buildStarted ? { ...data.customData, stage: 'build' } : undefined;
}

function endedBy({ type, data }: Event): FollowedLog | undefined {
  if (type === eventTypes.testSuiteRunFinished) return { ...data.customData, stage: 'test' };
  return type === eventTypes.buildFinished ? { ...data.customData, stage: 'build' } : undefined;
}

const keyOf = ({ run, attempt, stage }: FollowedLog): string => `${run}/${attempt}/${stage}`;
