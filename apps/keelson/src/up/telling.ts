import type { Event } from '@keelson/events';
import { runName } from '@keelson/ledger';
import type { RunView } from '@keelson/ledger';
import type { Source } from '@keelson/git';
import type { Context } from '../commands/context';
import { RunFollower } from '../report/follow-run';
import { JsonReporter } from '../report/json-reporter';
import type { Reporter } from '../report/reporter';
import { TerminalReporter } from '../report/terminal-reporter';
import type { Machine } from './machine';

/** Tells whoever started `up` what happens, in order and one thing at a time. */
export class Telling {
  readonly #reporter: Reporter;
  /** Runs whose verdict was told by an event of this process. */
  readonly #told = new Set<string>();
  #last: Promise<void> = Promise.resolve();

  constructor(readonly context: Context) {
    const { isJson, ledger, output, problems, isColoured } = context;
    this.#reporter = isJson ? new JsonReporter(output, problems) : new TerminalReporter(ledger, output, isColoured);
  }

  /** Does it after everything that is being told. A fault in telling never stops the pipeline. */
  inOrder(work: () => Promise<void>): Promise<void> {
    this.#last = this.#last
      .then(work)
      .catch((error: unknown) => this.context.problems.write(`keelson: ${String(error)}`));
    return this.#last;
  }

  notice(about: string, message: string): void {
    // A run is named as everywhere else; a source by its place.
    const name = /^[0-9a-f]{8}-/.test(about) ? runName(about) : about;
    void this.inOrder(() => this.#reporter.notice(name, message));
  }

  async begin(machine: Machine, sources: readonly Source[]): Promise<void> {
    const { context } = this;
    const count = sources.length === 1 ? '1 source' : `${sources.length} sources`;
    const line = `keelson up · ${count} · data in ${context.data.root} · registry at ${machine.registryAddress}`;
    await (context.isJson ? context.problems : context.output).write(line);
  }

  /** The verdict of a run that ended before this process began. */
  async verdictStands(view: RunView): Promise<void> {
    if (this.#told.has(view.run)) return;
    this.#told.add(view.run);
    const why = view.reason === undefined ? '' : `: ${view.reason.message}`;
    await this.#reporter.notice(
      view.name,
      `${view.commit.slice(0, 12)} has its verdict already: ${view.outcome}${why}`,
    );
  }

  /** Tells every event from now on, until the signal aborts. */
  async follow(machine: Machine, also: (event: Event) => Promise<void>, signal: AbortSignal): Promise<void> {
    const runs = new RunFollower(machine.store, this.#reporter);
    for await (const { event } of machine.bus.replay({ from: 'end', follow: true }, signal)) {
      await this.inOrder(async () => {
        await runs.event(event, signal);
        if (event.type.startsWith('dev.cdevents.pipelinerun.finished') && 'run' in event.data.customData) {
          this.#told.add(event.data.customData.run);
        }
        await also(event);
      });
    }
  }
}
