import { z } from 'zod';
import type { BuildFailure, BuildProgress, BuildStep, ProgressReader } from './build-progress';
import { failureClass } from './failure-class';
import { jsonLine } from './json-line';
import { LastLines } from './last-lines';

/** A line of `--log-format=json`. What commands print comes between, as it is. */
const entry = z.object({ level: z.string(), msg: z.string() });

/** As they are written in the Dockerfile, mostly in upper case. Nothing that it says by itself begins so. */
const cached = /^(?:RUN|COPY|ADD|WORKDIR) /i;
const instruction =
  /^(?:RUN|COPY|ADD|WORKDIR|ARG|ENV|CMD|LABEL|ENTRYPOINT|EXPOSE|USER|VOLUME|SHELL|STOPSIGNAL|ONBUILD|HEALTHCHECK) /i;
const lastWords = /^(?:Error: )?error (?:building|checking|pushing|resolving)[^:]*: (.*)$/i;
/** What it looks for in its cache. */
const looked = /^(?:Using caching version of cmd:|No cached layer found for cmd) (.*)$/s;

/** Reads Kaniko's log. Steps are told twice: first which are in the cache, until one is not; then each as it is done. */
export class KanikoProgress implements ProgressReader {
  readonly #steps: BuildStep[] = [];
  readonly #bases = new Map<string, { reference: string }>();
  readonly #output = new LastLines();
  #stage = '0';
  #current: string | undefined;
  /** Looked for in the cache, of this stage. */
  #looked = new Set<string>();
  #digest: string | undefined;
  #message: string | undefined;

  line(text: string): void {
    const told = jsonLine(text, entry);
    if (told === undefined) return this.#words(text);
    const { msg } = told;
    const stage = /^Building stage '.*' \[idx: '(\d+)'/.exec(msg)?.[1];
    if (stage !== undefined) this.#enter(stage);
    else if (instruction.test(msg)) this.#begin(msg);
    else this.#mark(msg);
  }

  end(): BuildProgress {
    const failure = this.#failure();
    return {
      steps: this.#steps,
      bases: [...this.#bases.values()],
      ...(this.#digest === undefined ? {} : { digest: this.#digest }),
      ...(failure === undefined ? {} : { failure }),
    };
  }

  #enter(stage: string): void {
    this.#stage = stage;
    this.#current = undefined;
    this.#looked.clear();
  }

  #begin(text: string): void {
    this.#current = text;
    this.#output.clear();
    if (this.#isCached(text)) this.#steps.push({ stage: this.#stage, text, cache: 'miss' });
  }

  /** Some versions keep WORKDIR in the cache, the others never look for it: there it is no step that was run again. */
  #isCached(text: string): boolean {
    return cached.test(text) && (!/^WORKDIR /i.test(text) || this.#looked.has(text));
  }

  #mark(msg: string): void {
    const found = looked.exec(msg)?.[1];
    if (found !== undefined) this.#looked.add(found);
    const base = /^Retrieving image (\S+) from registry /.exec(msg)?.[1];
    if (base !== undefined) this.#bases.set(base, { reference: base });
    // The image is pushed after all that goes to the cache.
    this.#digest = /^Pushed \S+@(sha256:[0-9a-f]{64})$/.exec(msg)?.[1] ?? this.#digest;
    if (msg.startsWith('Found cached layer')) this.#hit();
  }

  #hit(): void {
    const last = this.#steps.at(-1);
    if (last !== undefined && last.text === this.#current) last.cache = 'hit';
  }

  #words(text: string): void {
    const message = lastWords.exec(text)?.[1];
    if (message === undefined) this.#output.add(text);
    else this.#message = message;
  }

  #failure(): BuildFailure | undefined {
    if (this.#message === undefined) return undefined;
    const kind = failureClass(this.#message);
    const step = kind === 'step-failed' || kind === 'disk-full' ? this.#current : undefined;
    const line = /parse error on line (\d+)/.exec(this.#message)?.[1];
    return {
      class: kind,
      message: this.#message,
      ...(step === undefined ? {} : { step }),
      ...(line === undefined ? {} : { line: Number(line) }),
      output: step === undefined ? [] : this.#output.lines,
    };
  }
}
