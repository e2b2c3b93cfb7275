import { Worker } from 'node:worker_threads';
import { z } from 'zod';
import { engineModule, workerFile } from './engine-module';
import { Inbox } from './inbox';
import { TemplateLimitError, TemplateSandboxError } from './template-errors';

export type SandboxLimits = { timeMs: number; memoryBytes: number; outputBytes: number };

/** One render as the thread takes it. */
export type SandboxRequest = {
  /** The request's JSON, then the template's text. */
  request: readonly [Uint8Array, Uint8Array];
  seed?: string | undefined;
  /** Milliseconds since 1970 that the template takes for now. */
  now?: number | undefined;
};

const outcomeSchema = z.object({
  phase: z.enum(['', 'request', 'parse', 'execute']),
  error: z.string(),
  raised: z.array(z.string()),
});
export type SandboxOutcome = z.infer<typeof outcomeSchema> & { output: Buffer };

type Ended = {
  kind: 'ended';
  output: Uint8Array;
  outcome?: string;
  tooMuch: boolean;
  crash?: { message: string; isStack: boolean; stderr: string };
};
type Message = { kind: 'ready'; module: unknown } | { kind: 'begun' } | Ended;

const startTimeoutMs = 60_000;
/** A runtime whose memory has grown beyond this is not kept for the next render: WebAssembly memory never shrinks. */
const keepBytes = 134_217_728;
/** Room for a template that includes itself until Go says it is too deep. */
const stackSizeMb = 8;

/** Compiled modules by memory bound: a thread that replaces another one need not compile again. */
const compiled = new Map<number, unknown>();

/** One thread with one runtime, which renders one template at a time. After an error that it throws it is of no more use. */
export class Sandbox {
  readonly #worker: Worker;
  readonly #limits: SandboxLimits;
  readonly #inbox = new Inbox<Message>();
  #isReady = false;

  constructor(limits: SandboxLimits) {
    this.#limits = limits;
    const module = compiled.get(limits.memoryBytes);
    const source = module === undefined ? { wasm: engineModule(limits.memoryBytes) } : { module };
    this.#worker = new Worker(workerFile, {
      workerData: { ...source, keepBytes },
      env: {},
      execArgv: [],
      resourceLimits: { stackSizeMb },
    });
    this.#worker.on('message', (message: Message) => this.#inbox.put(message));
    this.#worker.on('error', (error) => this.#inbox.fail(error));
    this.#worker.on('exit', (status) => this.#inbox.fail(new Error(`exit status ${status}`)));
    this.#worker.unref();
  }

  /**
   * @throws TemplateLimitError when the time is over, the memory used up, the output too large or the nesting too deep;
   *   TemplateSandboxError when the runtime fails for another reason; the signal's reason when it aborts
   */
  async render(request: SandboxRequest, signal?: AbortSignal): Promise<SandboxOutcome> {
    signal?.throwIfAborted();
    this.#worker.ref();
    try {
      if (!this.#isReady) await this.#start(signal);
      this.#worker.postMessage({ ...request, outputLimit: this.#limits.outputBytes });
      await this.#message('begun', startTimeoutMs, signal);
      return this.#outcome(await this.#message('ended', this.#limits.timeMs, signal));
    } catch (error) {
      await this.end(); // whatever it is doing, it must not go on
      throw error;
    } finally {
      this.#worker.unref();
    }
  }

  /** Ends the thread. May be called twice. */
  async end(): Promise<void> {
    await this.#worker.terminate();
  }

  async #start(signal?: AbortSignal): Promise<void> {
    const { module } = await this.#message('ready', startTimeoutMs, signal);
    compiled.set(this.#limits.memoryBytes, module);
    this.#isReady = true;
  }

  async #message<K extends Message['kind']>(kind: K, limitMs: number, signal?: AbortSignal) {
    const over = AbortSignal.timeout(limitMs);
    try {
      return await this.#inbox.take(kind, AbortSignal.any(signal === undefined ? [over] : [over, signal]));
    } catch (error) {
      signal?.throwIfAborted();
      if (over.aborted) throw new TemplateLimitError('time', `the template did not end within ${limitMs / 1000} s`);
      throw new TemplateSandboxError(`the template's thread ended: ${String(error)}`);
    }
  }

  #outcome({ output: bytes, outcome, crash, tooMuch }: Ended): SandboxOutcome {
    const output = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    if (tooMuch) {
      throw new TemplateLimitError('output', `the output is larger than ${inMiB(this.#limits.outputBytes)}`, output);
    }
    if (crash === undefined) return { ...outcomeSchema.parse(JSON.parse(outcome ?? '{}')), output };
    if (crash.isStack) throw new TemplateLimitError('depth', 'the template is nested too deeply', output);
    if (/out of memory|cannot allocate memory/.test(crash.stderr)) {
      throw new TemplateLimitError('memory', `the template needs more than ${inMiB(this.#limits.memoryBytes)}`, output);
    }
    throw new TemplateSandboxError(`${crash.message}: ${crash.stderr.split('\n', 1)[0] ?? ''}`, output);
  }
}

function inMiB(bytes: number): string {
  return `${Math.round((bytes / 1_048_576) * 100) / 100} MiB`;
}
