import { z } from 'zod';
import type { BuildFailure, BuildProgress, BuildStep, ProgressReader } from './build-progress';
import { failureClass } from './failure-class';
import { jsonLine } from './json-line';
import { LastLines } from './last-lines';

/** A line of Makisu's log; what commands print comes as such lines, too, as it was read: some lines, or a part of one. */
const entry = z.object({ level: z.string(), msg: z.string() });

const cached = /^(?:RUN|COPY|ADD) /;
/** What it says itself while a command runs. */
const own =
  /^(?:\* |Command exited with|Client TLS|CA TLS|Stored cacheID|Found mapping|Retrying query|Failed to |failed to |Trying to whiteout)/;

/** A registry that wants the password with every request has it refused for want of one. */
const onlyTokens = 'Makisu can log in to registries that give tokens, and to those of AWS';

/** Reads Makisu's log. */
export class MakisuProgress implements ProgressReader {
  readonly #steps: BuildStep[] = [];
  readonly #bases = new Map<string, { reference: string }>();
  readonly #output = new LastLines();
  #stage = '0';
  #current: string | undefined;
  #message: string | undefined;

  line(text: string): void {
    const told = jsonLine(text, entry);
    if (told === undefined) return this.#output.add(text);
    const { level, msg } = told;
    const stage = /^\* Stage (\d+)\/\d+ : \(alias=([^,)]*)/.exec(msg);
    const step = /^\* Step \d+\/\d+ \([^)]*\) : (.*?) {2}\([0-9a-f]+\)$/s.exec(msg)?.[1];
    if (stage !== null) this.#enter(stage[2] ?? stage[1] ?? '');
    else if (step !== undefined) this.#begin(step);
    else this.#mark(level, msg);
  }

  end(): BuildProgress {
    const failure = this.#failure();
    return { steps: this.#steps, bases: [...this.#bases.values()], ...(failure === undefined ? {} : { failure }) };
  }

  #enter(alias: string): void {
    this.#stage = alias;
    this.#current = undefined;
  }

  #begin(text: string): void {
    this.#current = text;
    this.#output.clear();
    const base = /^FROM (\S+)/.exec(text)?.[1];
    if (base !== undefined) this.#bases.set(base, { reference: base });
    if (cached.test(text)) this.#steps.push({ stage: this.#stage, text, cache: 'miss' });
  }

  #mark(level: string, msg: string): void {
    const last = this.#steps.at(-1);
    const isHit = msg.startsWith('* Skipping execution; cache was applied');
    if (isHit && last !== undefined && last.text === this.#current) last.cache = 'hit';
    // Its last words are an error without a line end.
    if (level === 'error' && /^failed to (?!fetch)/.test(msg)) this.#message = msg;
    if (this.#isPrinted(msg)) this.#output.print(msg, level);
  }

  /** What a command printed has mostly a line end, which nothing has that Makisu says itself but one thing. */
  #isPrinted(msg: string): boolean {
    if (msg.endsWith('\n')) return !msg.startsWith('Command exited with');
    return this.#current?.startsWith('RUN ') === true && !own.test(msg);
  }

  #failure(): BuildFailure | undefined {
    if (this.#message === undefined) return undefined;
    const kind = failureClass(this.#message);
    const step = kind === 'step-failed' || kind === 'base-not-found' ? this.#current : undefined;
    const line = /\(line (\d+)\)/.exec(this.#message)?.[1];
    return {
      class: kind,
      message: kind === 'registry-login' ? `${this.#message.trimEnd()} (${onlyTokens})` : this.#message,
      ...(step === undefined ? {} : { step }),
      ...(line === undefined ? {} : { line: Number(line) }),
      output: kind === 'step-failed' ? this.#output.lines : [],
    };
  }
}
