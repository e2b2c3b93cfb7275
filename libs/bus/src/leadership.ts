import { messageOf } from './answer';
import type { BusParts } from './bus-parts';
import { pause, untilAborted } from './waiting';

/** One leader per service. The directory belongs to one process, so leadership is a queue in memory. */
export class Leadership {
  readonly #parts: BusParts;
  /** Those who wait for the service's place, first come first served; there is an entry while somebody leads. */
  readonly #waiting = new Map<string, (() => void)[]>();

  constructor(parts: BusParts) {
    this.#parts = parts;
  }

  /** See `Bus.lead`. */
  async lead(service: string, work: (signal: AbortSignal) => Promise<void>, signal: AbortSignal): Promise<void> {
    const closing = this.#parts.closing.signal;
    while (!signal.aborted && !closing.aborted) {
      if (!(await this.#acquire(service, signal))) return;
      try {
        await this.#term(service, work, signal);
      } finally {
        this.#release(service);
      }
      await pause(this.#parts.leadPauseMs, signal, closing);
    }
  }

  /** One term; the work's signal ends with it, also for what the work left behind. */
  async #term(service: string, work: (signal: AbortSignal) => Promise<void>, signal: AbortSignal): Promise<void> {
    if (signal.aborted || this.#parts.closing.signal.aborted) return;
    const term = new AbortController();
    void untilAborted(signal, this.#parts.closing.signal, term.signal).then(() => term.abort());
    try {
      await work(term.signal);
    } catch (cause) {
      if (term.signal.aborted) return; // told to end, and ended by throwing
      this.#parts.onError(new Error(`the work of ${service}'s leader failed: ${messageOf(cause)}`, { cause }));
    } finally {
      term.abort();
    }
  }

  async #acquire(service: string, signal: AbortSignal): Promise<boolean> {
    const waiting = this.#waiting.get(service);
    if (!waiting) {
      this.#waiting.set(service, []);
      return true;
    }
    const turn = new AbortController();
    const call = () => turn.abort();
    waiting.push(call);
    await untilAborted(turn.signal, signal, this.#parts.closing.signal);
    if (turn.signal.aborted) return true;
    waiting.splice(waiting.indexOf(call), 1);
    return false;
  }

  #release(service: string): void {
    const next = this.#waiting.get(service)?.shift();
    if (next) next();
    else this.#waiting.delete(service);
  }
}
