import path from 'node:path';
import type { Bus } from '@keelson/bus';
import type { Event } from '@keelson/events';
import type { Source } from '@keelson/git';
import { runName } from '@keelson/ledger';
import type { DataContext } from '../commands/context';
import type { TestPlace } from '../report/event-text';
import { RunFollower } from '../report/follow-run';
import type { Puts } from '../report/follow-run';
import { JsonReporter } from '../report/json-reporter';
import type { Reporter } from '../report/reporter';
import { TerminalReporter } from '../report/terminal-reporter';
import { buildsAtWork, testsAtWork } from '../report/test-queue';

/** What is told: a bus's events, and the output of tests. */
export type Told = {
  bus: Pick<Bus, 'replay'>;
  /** Hints that output was stored. */
  puts?: Puts;
  /** Only this run; undefined: all. */
  only?: string;
};

/** Tells whoever started `up` what happens, in order and one thing at a time. */
export class Telling {
  readonly #reporter: Reporter;
  /** The last notice about each source and run: a reason to wait is said once. */
  readonly #noticed = new Map<string, string>();
  #last: Promise<void> = Promise.resolve();

  constructor(
    readonly context: DataContext,
    testPlace: TestPlace = 'machine',
  ) {
    const { isJson, ledger, output, problems, isColoured } = context;
    this.#reporter = isJson
      ? new JsonReporter(output, problems)
      : new TerminalReporter(ledger, output, { isColoured, testPlace });
  }

  /** Does it after everything that is being told. A fault in telling never stops the pipeline. */
  inOrder(work: () => Promise<void>): Promise<void> {
    this.#last = this.#last
      .then(work)
      .catch((error: unknown) => this.context.problems.write(`keelson: ${String(error)}`));
    return this.#last;
  }

  /** Why something waits, or what is odd. @param about a run's id, or a source */
  notice(about: string, message: string): void {
    if (this.#noticed.get(about) === message) return;
    this.#noticed.set(about, message);
    void this.inOrder(() => this.#reporter.notice(nameOf(about), message));
  }

  /** As `notice`, but at once, whatever is being told. */
  now(about: string, message: string): void {
    void this.#reporter.notice(about, message);
  }

  /** A fact that is no reason for concern. */
  say(about: string, message: string): Promise<void> {
    return this.#reporter.fact(about, message);
  }

  header(sources: readonly Source[], registryAddress: string): void {
    const { isJson, data, output, problems } = this.context;
    const count = sources.length === 1 ? '1 source' : `${sources.length} sources`;
    const line = `keelson up · ${count} · data in ${nearby(data.root)} · registry at ${registryAddress} · Ctrl-C ends`;
    void this.inOrder(() => (isJson ? problems : output).write(line));
  }

  /** Tells everything from now on, until the signal aborts; first what goes on from before. */
  listen({ bus, puts, only }: Told, also: (event: Event) => Promise<void>, signal: AbortSignal): void {
    const runs = new RunFollower({ store: this.context.ledger.store, puts, reporter: this.#reporter });
    // Asked for here: what is published while we read about earlier work is not missed.
    const entries = bus.replay({ from: 'end', follow: true }, signal);
    const follow = async () => {
      await this.inOrder(() => this.#goOn(runs, only, signal));
      for await (const { event } of entries) {
        if (only !== undefined && event.data.context.chainId !== only) continue;
        await this.inOrder(async () => {
          await runs.event(event, signal);
          await also(event);
        });
      }
    };
    follow().catch((error: unknown) => {
      if (!signal.aborted) this.now('keelson', `what happens cannot be shown any more: ${String(error)}`);
    });
  }

  /** Builds and tests that were started before this process: their output from its beginning. */
  async #goOn(runs: RunFollower, only: string | undefined, signal: AbortSignal): Promise<void> {
    const { ledger } = this.context;
    const begun = { build: (await buildsAtWork(ledger)).running, test: (await testsAtWork(ledger)).running };
    for (const stage of ['build', 'test'] as const) {
      for (const { run, attempt } of begun[stage]) {
        if (only !== undefined && run !== only) continue;
        await this.say(runName(run), `its ${stage} was started before; its output from the beginning:`);
        await runs.follow({ run, attempt, stage }, signal);
      }
    }
  }
}

/** A run is named as everywhere else; a source by its place. */
const nameOf = (about: string): string => (/^[0-9a-f]{8}-/.test(about) ? runName(about) : about);

/** The short way to a directory where there is one. */
function nearby(directory: string): string {
  const relative = path.relative(process.cwd(), directory);
  return relative.startsWith('..') ? directory : `./${relative}`;
}
