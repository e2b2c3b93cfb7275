import { setTimeout as delay } from 'node:timers/promises';
import { onAbort } from './on-abort';

/** Time as the budget sees it; tests bring their own. */
export type BudgetClock = {
  /** Milliseconds that only go up. */
  now(): number;
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
};

export type HostBudgetOptions = {
  /** Requests per second to one host in the long run; default 20. */
  perSecond?: number;
  /** Requests at once after a pause; default one second's worth. */
  burst?: number;
  /** Requests to one host in work at the same time; default 8. */
  concurrency?: number;
  clock?: BudgetClock;
};

type Host = { nextAt: number; running: number; waiting: (() => void)[] };

const systemClock: BudgetClock = {
  now: () => performance.now(),
  sleep: (ms, signal) => delay(ms, undefined, { signal }),
};

/** Keeps requests to each host within a rate and a number at once, whatever the number of repositories there. */
export class HostBudget {
  readonly #hosts = new Map<string, Host>();
  readonly #intervalMs: number;
  readonly #burst: number;
  readonly #concurrency: number;
  readonly #clock: BudgetClock;

  constructor(options: HostBudgetOptions = {}) {
    const perSecond = options.perSecond ?? 20;
    this.#intervalMs = 1_000 / perSecond;
    this.#burst = Math.max(1, options.burst ?? perSecond);
    this.#concurrency = options.concurrency ?? 8;
    this.#clock = options.clock ?? systemClock;
  }

  /** Runs `work` when the host's budget allows. First come, first served. @throws the signal's reason when it aborts before */
  async use<T>(host: string, work: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    const state = this.#host(host);
    await this.#enter(state, signal);
    try {
      await this.#rate(state, signal);
      return await work();
    } finally {
      state.running -= 1;
      state.waiting.shift()?.();
    }
  }

  #host(name: string): Host {
    const known = this.#hosts.get(name);
    if (known !== undefined) return known;
    const created: Host = { nextAt: -Infinity, running: 0, waiting: [] };
    this.#hosts.set(name, created);
    return created;
  }

  async #enter(host: Host, signal: AbortSignal | undefined): Promise<void> {
    signal?.throwIfAborted();
    if (host.running >= this.#concurrency) await waitTurn(host, signal);
    host.running += 1;
  }

  /** Each request moves the next one's time by one interval; a pause saves up to `burst` of them. */
  async #rate(host: Host, signal: AbortSignal | undefined): Promise<void> {
    const now = this.#clock.now();
    const at = Math.max(host.nextAt, now - (this.#burst - 1) * this.#intervalMs);
    host.nextAt = at + this.#intervalMs;
    if (at > now) await this.#clock.sleep(at - now, signal);
  }
}

async function waitTurn(host: Host, signal: AbortSignal | undefined): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const off = onAbort(signal, () => {
      host.waiting = host.waiting.filter((other) => other !== turn);
      reject(signal?.reason as Error);
    });
    const turn = (): void => {
      off();
      resolve();
    };
    host.waiting.push(turn);
  });
}
