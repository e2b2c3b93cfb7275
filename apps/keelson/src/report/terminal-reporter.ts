import { readableOutput } from '@keelson/builders';
import type { ReadableOutput } from '@keelson/builders';
import { eventTypes } from '@keelson/events';
import type { Event } from '@keelson/events';
import { runName } from '@keelson/ledger';
import type { Ledger } from '@keelson/ledger';
import type { LogLine } from '@keelson/logs';
import { createColors } from 'picocolors';
import { eventText } from './event-text';
import type { TestPlace } from './event-text';
import type { LineOutput } from './output';
import { printable, printableLines } from './printable';
import { RecentIds } from './recent-ids';
import type { LogOrigin, Reporter } from './reporter';
import { testsAtWork } from './test-queue';

/** Delivery is at least once: people are told an event once all the same. Enough for all that happens at one time. */
const remembered = 10_000;
/** A test that has not begun by then waits for a free place. */
const queuedMs = 500;
/** The longest name of a run: the columns line up. */
const nameWidth = 17;

/** One line per stage as it happens, the test's output, and a verdict: for people. */
export class TerminalReporter implements Reporter {
  readonly #colour: ReturnType<typeof createColors>;
  readonly #told = new RecentIds(remembered);
  /** Of each Dockerfile that is being built. */
  readonly #builds = new Map<string, ReadableOutput>();
  readonly #queued = new Map<string, NodeJS.Timeout>();
  readonly #isColoured: boolean;
  readonly #testPlace: TestPlace;

  constructor(
    readonly ledger: Ledger,
    readonly output: LineOutput,
    { isColoured, testPlace }: { isColoured: boolean; testPlace: TestPlace },
  ) {
    this.#isColoured = isColoured;
    this.#testPlace = testPlace;
    this.#colour = createColors(isColoured);
  }

  async event(event: Event): Promise<void> {
    if (!this.#told.add(event.id)) return;
    const { customData } = event.data;
    this.#mindQueue(event);
    if (event.type === eventTypes.buildFinished)
      this.#builds.delete(`${event.data.customData.run}/${event.data.customData.attempt}`);
    const text = await eventText(event, this.ledger, { colours: this.#colour, testPlace: this.#testPlace });
    if (text === undefined) return;
    await this.#say(aboutOf(customData), text);
  }

  async logLine(origin: LogOrigin, line: LogLine): Promise<void> {
    const { dim } = this.#colour;
    const texts = this.#readable(origin)?.lines(Buffer.from(line.bytes).toString('utf8'));
    for (const bytes of texts?.map((text) => Buffer.from(text)) ?? [line.bytes])
      await this.output.write(`${this.#named(origin.name)} ${dim('│')} ${printable(bytes, this.#isColoured)}`);
  }

  /** What a builder prints for machines, in words. */
  #readable({ run, attempt, builder }: LogOrigin): ReadableOutput | undefined {
    if (builder === undefined) return undefined;
    const log = `${run}/${attempt}`;
    const readable = this.#builds.get(log) ?? readableOutput(builder);
    this.#builds.set(log, readable);
    return readable;
  }

  notice(about: string, message: string): Promise<void> {
    return this.#say(about, printableLines(message).map(this.#colour.yellow).join('\n'));
  }

  fact(about: string, message: string): Promise<void> {
    return this.#say(about, printableLines(message).join('\n'));
  }

  /** Further lines stand below the first one. */
  async #say(name: string, text: string): Promise<void> {
    const [first = '', ...others] = text.split('\n');
    await this.output.write(`${this.#named(name)}  ${first}`);
    for (const other of others) await this.output.write(`${' '.repeat(nameWidth)}  ${other}`);
  }

  /** Runs at the same time are told apart by colour too; red, green and yellow tell outcomes. */
  #named(name: string): string {
    const { cyan, magenta, blue, cyanBright, magentaBright, blueBright } = this.#colour;
    const colours = [cyan, magenta, blue, cyanBright, magentaBright, blueBright];
    const at = [...name].reduce((sum, letter) => sum + letter.charCodeAt(0), 0) % colours.length;
    return (colours[at] ?? cyan)(printableLines(name).join('·').padEnd(nameWidth));
  }

  /** A test that waits is told so once, with its place; one that begins at once is not. */
  #mindQueue(event: Event): void {
    if (event.type === eventTypes.testSuiteRunQueued) {
      const { run, attempt } = event.data.customData;
      const timer = setTimeout(() => {
        this.#queued.delete(run);
        this.#tellPlace({ run, attempt }).catch(() => undefined); // the store's faults are told by whoever works
      }, queuedMs).unref();
      this.#queued.set(run, timer);
    } else if (event.type === eventTypes.testSuiteRunStarted || event.type === eventTypes.pipelineRunFinished) {
      clearTimeout(this.#queued.get(event.data.customData.run));
      this.#queued.delete(event.data.customData.run);
    }
  }

  async #tellPlace({ run, attempt }: { run: string; attempt: number }): Promise<void> {
    const { running, waiting } = await testsAtWork(this.ledger);
    const before = waiting.findIndex((test) => test.run === run && test.attempt === attempt);
    if (before < 0 || running.length === 0) return;
    const ahead = before === 0 ? 'next in line' : `${before} before it`;
    await this.#say(runName(run), `test     waits for a free place: ${running.length} running, ${ahead}`);
  }
}

function aboutOf(customData: Event['data']['customData']): string {
  if ('run' in customData) return runName(customData.run);
  return 'source' in customData ? customData.source : customData.reference;
}
