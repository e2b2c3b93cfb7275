/** Messages kept until somebody asks for them, in order. Ends once, with the reason why none will come. */
export class Inbox<M extends { kind: string }> {
  readonly #messages: M[] = [];
  #failure: Error | undefined;
  #wake: () => void = () => undefined;

  put(message: M): void {
    this.#messages.push(message);
    this.#wake();
  }

  /** No message will come any more. The first reason counts. */
  fail(reason: Error): void {
    this.#failure ??= reason;
    this.#wake();
  }

  /** The next message of a kind; others before it are dropped. @throws the reason of `fail`; the signal's reason when it aborts */
  async take<K extends M['kind']>(kind: K, signal: AbortSignal): Promise<Extract<M, { kind: K }>> {
    const wake = (): void => this.#wake();
    signal.addEventListener('abort', wake, { once: true });
    try {
      for (;;) {
        const message = this.#next(kind);
        if (message !== undefined) return message as Extract<M, { kind: K }>;
        signal.throwIfAborted();
        if (this.#failure !== undefined) throw this.#failure;
        await new Promise<void>((resolve) => (this.#wake = resolve));
      }
    } finally {
      signal.removeEventListener('abort', wake);
    }
  }

  #next(kind: M['kind']): M | undefined {
    while (this.#messages.length > 0) {
      const message = this.#messages.shift();
      if (message?.kind === kind) return message;
    }
    return undefined;
  }
}
