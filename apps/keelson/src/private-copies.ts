import { FilePool, stockLayer, unpackLayer } from '@keelson/git';
import { planKey } from '@keelson/ledger';
import type { Ledger } from '@keelson/ledger';
import { planSchema } from '@keelson/pipeline';
import type { Plan } from '@keelson/pipeline';
import { parseImageReference } from '@keelson/registry';
import type { RegistryClient } from '@keelson/registry';
import { TerminalError } from '@keelson/stage';

export type PrivateCopiesOptions = {
  ledger: Ledger;
  client: RegistryClient;
  /** Where files wait for the next copy: private, and on the file system of the copies. */
  spare: string;
};

/**
 * Fills directories with what images of ours hold. After each job the files of what it was given are made once more, for the next
 * commit of the same source: it then differs in a few, and the rest is there.
 */
export class PrivateCopies {
  readonly #pool: FilePool;
  readonly #filled = new Map<string, Plan>();
  /** What is to be made in advance: of each repository the newest. */
  readonly #due = new Map<string, Plan>();
  #making: { stop: AbortController; done: Promise<void> } | undefined;
  #filling = 0;
  #closed = false;

  constructor(private readonly options: PrivateCopiesOptions) {
    this.#pool = new FilePool(options.spare);
  }

  /**
   * Fills a directory with what an image of ours holds below its working directory: the snapshot it was built from. The base is not
   * entered on one machine. @throws TerminalError for an image that was not built here
   */
  fill = async (image: string, into: string, signal: AbortSignal): Promise<void> => {
    await this.#stop();
    const { ledger } = this.options;
    const { digest } = parseImageReference(image);
    for (const run of digest === undefined ? [] : await ledger.runsOfImage(digest)) {
      const plan = await ledger.read(planKey(run, planSchema));
      if (plan !== undefined) return this.#unpack(plan, into, signal);
    }
    throw new TerminalError(`${image} was not built here: only a cluster can run a test inside an image`);
  };

  /** The directory is not needed any more, and the machine has time for the next one. */
  prepare = (directory: string): void => {
    const plan = this.#filled.get(directory);
    this.#filled.delete(directory);
    if (plan === undefined || this.#closed) return;
    this.#due.set(parseImageReference(plan.snapshot.reference).repository, plan);
    if (this.#making !== undefined || this.#filling > 0) return;
    const stop = new AbortController();
    this.#making = { stop, done: this.#make(stop.signal) };
  };

  async close(): Promise<void> {
    this.#closed = true;
    await this.#stop();
  }

  async #unpack(plan: Plan, into: string, signal: AbortSignal): Promise<void> {
    this.#filling += 1;
    try {
      const prefix = plan.pipeline.image.workdir;
      await unpackLayer(this.#layer(plan, signal), { into, prefix, signal, pool: this.#pool });
      this.#filled.set(into, plan);
    } finally {
      this.#filling -= 1;
    }
  }

  /** Whoever waits for a copy comes first. */
  async #stop(): Promise<void> {
    this.#making?.stop.abort();
    await this.#making?.done;
  }

  async #make(signal: AbortSignal): Promise<void> {
    for (const [repository, plan] of this.#due) {
      this.#due.delete(repository);
      try {
        await stockLayer(this.#layer(plan, signal), { pool: this.#pool, signal });
      } catch {
        // Stopped, out of reach or out of room: what is not there is made when it is needed, and what cannot be is told then.
        if (!signal.aborted) continue;
        if (!this.#due.has(repository)) this.#due.set(repository, plan);
        break;
      }
    }
    this.#making = undefined;
  }

  #layer({ snapshot }: Plan, signal: AbortSignal) {
    return this.options.client.blob(parseImageReference(snapshot.reference), snapshot.layer, signal);
  }
}
