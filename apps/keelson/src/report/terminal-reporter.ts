import { eventTypes } from '@keelson/events';
import type { Event, EventOf } from '@keelson/events';
import { planKey, runName } from '@keelson/ledger';
import type { Ledger } from '@keelson/ledger';
import type { LogLine } from '@keelson/logs';
import { planSchema } from '@keelson/pipeline';
import { createColors } from 'picocolors';
import type { LineOutput } from './output';
import { duration, printable } from './printable';
import type { LogOrigin, Reporter } from './reporter';
import { RunTimes } from './run-times';

type Finished = EventOf<'dev.cdevents.pipelinerun.finished.0.3.0'>;

/** One line per stage as it happens, the test's output, and a verdict: for people. */
export class TerminalReporter implements Reporter {
  readonly #times = new Map<string, RunTimes>();
  readonly #colour: ReturnType<typeof createColors>;

  constructor(
    readonly ledger: Ledger,
    readonly output: LineOutput,
    readonly isColoured: boolean,
  ) {
    this.#colour = createColors(isColoured);
  }

  async event(event: Event): Promise<void> {
    const { customData } = event.data;
    if (!('run' in customData)) return;
    const times = this.#timesOf(customData.run);
    times.add(event);
    const line = await this.#line(event, times);
    if (line !== undefined) await this.#say(runName(customData.run), line);
    if (event.type === eventTypes.pipelineRunFinished) this.#times.delete(customData.run);
  }

  logLine(origin: LogOrigin, line: LogLine): Promise<void> {
    return this.output.write(`${this.#colour.dim(`${origin.name} │`)} ${printable(line.bytes, this.isColoured)}`);
  }

  notice(about: string, message: string): Promise<void> {
    return this.#say(about, this.#colour.yellow(message));
  }

  #timesOf(run: string): RunTimes {
    const times = this.#times.get(run) ?? new RunTimes();
    this.#times.set(run, times);
    return times;
  }

  #say(name: string, line: string): Promise<void> {
    return this.output.write(`${this.#colour.cyan(name)}  ${line}`);
  }

  async #line(event: Event, times: RunTimes): Promise<string | undefined> {
    switch (event.type) {
      case eventTypes.changeMerged: {
        const { ref, commit, source } = event.data.customData;
        return `${this.#colour.bold(shortRef(ref))} ${commit.slice(0, 12)} ${this.#colour.dim(source)}`;
      }
      case eventTypes.buildQueued:
        return this.#stage('source', times, await this.#snapshot(event));
      case eventTypes.artifactPackaged: {
        const { repository, digest } = event.data.customData.image;
        return this.#stage('build', times, `${repository}@${digest.slice(0, 19)}`);
      }
      case eventTypes.artifactPublished:
        return this.#stage('publish', times, '');
      case eventTypes.testSuiteRunStarted:
        return this.#testing(event.data.customData.run);
      case eventTypes.pipelineRunFinished:
        return this.#verdict(event, times);
      default:
        return undefined;
    }
  }

  #stage(stage: 'source' | 'build' | 'publish', times: RunTimes, what: string): string {
    const took = times.took(stage);
    return `${stage.padEnd(8)}${(took === undefined ? '' : duration(took)).padStart(8)}  ${this.#colour.dim(what)}`.trimEnd();
  }

  async #snapshot(event: EventOf<'dev.cdevents.build.queued.0.3.0'>): Promise<string> {
    const { run, snapshot } = event.data.customData;
    const plan = await this.ledger.read(planKey(run, planSchema));
    return `${snapshot.digest.slice(0, 19)}${plan?.subject === undefined ? '' : `  ${plan.subject}`}`;
  }

  async #testing(run: string): Promise<string> {
    const plan = await this.ledger.read(planKey(run, planSchema));
    if (plan === undefined || plan.pipeline.test === 'none') return 'test     running';
    const { base } = plan.pipeline.image;
    const entered = base === 'scratch' ? '' : `; the base image ${base} is not entered here`;
    return `test     running ${plan.pipeline.test.command.join(' ')} on this machine${entered}`;
  }

  #verdict(event: Finished, times: RunTimes): string {
    const { outcome, reason } = event.data.customData;
    const stages = times.all().map(([stage, ms]) => `${stage} ${duration(ms)}`);
    const why = reason === undefined ? '' : `  ${reason.message}`;
    const took = stages.length === 0 ? '' : `  (${stages.join(', ')})`;
    return `${this.#named(outcome, reason?.code)}  ${duration(times.since(event))}${why}${took}`;
  }

  #named(outcome: Finished['data']['customData']['outcome'], code: string | undefined): string {
    const { green, red, yellow, bold } = this.#colour;
    switch (outcome) {
      case 'success':
        return code === 'no-test' ? bold(yellow('NOT TESTED')) : bold(green('GREEN'));
      case 'failure':
        return bold(red('RED'));
      case 'error':
        return bold(red('ERROR'));
      case 'cancel':
        return bold(yellow((code ?? 'cancelled').toUpperCase()));
    }
  }
}

const shortRef = (ref: string): string => ref.replace(/^refs\/(heads|tags)\//, '');
