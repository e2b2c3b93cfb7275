import { Sandbox } from './sandbox';
import type { SandboxLimits, SandboxOutcome } from './sandbox';
import {
  TemplateExecutionError,
  TemplateRaisedError,
  TemplateRequestError,
  TemplateSandboxError,
  TemplateSyntaxError,
} from './template-errors';

export type TemplateLimits = {
  /** Default 60 s: what makes keys is slow here (measured: an RSA key of 4096 bits 1 to 12 s, a DSA key more than 30). */
  timeMs: number;
  /** Default 512 MiB; the engine itself needs about 16. */
  memoryBytes: number;
  /** Default 32 MiB. */
  outputBytes: number;
};

/** Data as a template sees it: whole numbers are Go's int, others float64. */
export type TemplateData = { readonly [key: string]: TemplateValue };
export type TemplateValue = string | number | boolean | null | readonly TemplateValue[] | TemplateData;

export type TemplateRequest = {
  /** The template; bytes are taken as they are. */
  template: string | Uint8Array;
  /** What error messages call it; default `noname`. */
  name?: string;
  /** The dot. */
  data: TemplateData;
  /** Dotted path in the data -> a URL, which is there as Go's url.URL (`.Host`, `.Path`, ...). */
  urls?: Readonly<Record<string, string>>;
  /** What `env` and `expandenv` read; nothing else can be read. */
  env?: Readonly<Record<string, string>>;
  /** IANA name, as in `Europe/Berlin`; default UTC. */
  timeZone?: string;
  /** What the template takes for now; default the clock. */
  now?: Date;
  /** Makes everything random follow from this text: for tests only, the keys it makes are no secrets. */
  seed?: string;
};

const defaults: SandboxLimits = { timeMs: 60_000, memoryBytes: 536_870_912, outputBytes: 33_554_432 };

/**
 * Renders Go templates (text/template, sprig 3.2, RaiseError, toJson, toYaml, toToml) where they can do no harm: they see the request,
 * no file, no network, no environment of ours. One at a time; the runtime stays alive between them, since starting it takes longer
 * than rendering. Nothing holds the process: an idle renderer need not be closed.
 */
export class TemplateRenderer {
  readonly #limits: SandboxLimits;
  #sandbox: Sandbox | undefined;
  #last: Promise<unknown> = Promise.resolve();

  constructor(limits: Partial<TemplateLimits> = {}) {
    this.#limits = { ...defaults, ...limits };
  }

  /**
   * @returns the output, all of it
   * @throws TemplateSyntaxError, TemplateExecutionError, TemplateRaisedError (the author's); TemplateLimitError;
   *   TemplateRequestError; TemplateSandboxError; the signal's reason when it aborts
   */
  render(request: TemplateRequest, signal?: AbortSignal): Promise<Buffer> {
    const turn = this.#last.then(() => this.#render(request, signal));
    this.#last = turn.catch(() => undefined); // its caller hears of it
    return turn;
  }

  /** Ends the thread; what is being rendered fails. May be called twice; a later render starts a new thread. */
  async close(): Promise<void> {
    await this.#sandbox?.end();
    this.#sandbox = undefined;
  }

  async #render(request: TemplateRequest, signal?: AbortSignal): Promise<Buffer> {
    const name = request.name ?? 'noname';
    const { data, urls = {}, env = {}, timeZone = 'UTC' } = request;
    const header = Buffer.from(JSON.stringify({ name, data, urls, env, timeZone }));
    const text = typeof request.template === 'string' ? Buffer.from(request.template) : request.template;
    const sandbox = (this.#sandbox ??= new Sandbox(this.#limits));
    const now = request.now?.getTime();
    const outcome = await sandbox
      .render({ request: [header, text], seed: request.seed, now }, signal)
      .catch((error) => {
        if (this.#sandbox === sandbox) this.#sandbox = undefined; // it has ended
        throw error;
      });
    return outputOf(outcome, name);
  }
}

function outputOf({ phase, error, raised, output }: SandboxOutcome, name: string): Buffer {
  switch (phase) {
    case 'parse':
      throw new TemplateSyntaxError(error, name, output);
    case 'execute':
      throw new TemplateExecutionError(error, name, output);
    case 'request':
      throw new TemplateRequestError(error);
    case '':
      if (error !== '') throw new TemplateSandboxError(error);
      if (raised.length > 0) throw new TemplateRaisedError(raised, output);
      return output;
  }
}
