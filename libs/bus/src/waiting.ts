/** Resolves when any of the signals has aborted. Leaves no listener behind. */
export function untilAborted(...signals: readonly AbortSignal[]): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      for (const signal of signals) signal.removeEventListener('abort', done);
      resolve();
    };
    if (signals.some((signal) => signal.aborted)) return resolve();
    for (const signal of signals) signal.addEventListener('abort', done);
  });
}

/** Resolves after a time, or at once when a signal aborts. Never rejects. */
export function pause(afterMs: number, ...signals: readonly AbortSignal[]): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      for (const signal of signals) signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, afterMs);
    if (signals.some((signal) => signal.aborted)) return done();
    for (const signal of signals) signal.addEventListener('abort', done);
  });
}

/** Resolves when the promise settles, or after a time. @throws what the promise throws before that */
export async function atMost(withinMs: number, promise: Promise<unknown>): Promise<void> {
  const waited = new AbortController();
  try {
    await Promise.race([promise, pause(withinMs, waited.signal)]);
  } finally {
    waited.abort();
  }
}

/** Lets any number wait for "something has changed, look again". */
export class Wake {
  #waiting: (() => void)[] = [];

  /** Resolves at the next `ring`, or when a signal aborts. */
  async next(...signals: readonly AbortSignal[]): Promise<void> {
    const woken = new AbortController();
    const wake = () => woken.abort();
    this.#waiting.push(wake);
    await untilAborted(woken.signal, ...signals);
    this.#waiting = this.#waiting.filter((one) => one !== wake);
  }

  ring(): void {
    for (const wake of this.#waiting.splice(0)) wake();
  }
}
