import { duration } from './duration';

/** Tells that a test goes on although it prints nothing: after a minute, then after twice as long, and so on. */
export class Silence {
  readonly #firstMs: number;
  #waitMs: number;
  #sinceMs = performance.now();
  #timer: NodeJS.Timeout | undefined;

  constructor(
    readonly say: (message: string) => void,
    { firstMs = 60_000 }: { firstMs?: number } = {},
  ) {
    this.#firstMs = firstMs;
    this.#waitMs = firstMs;
    this.#look();
  }

  /** Something was printed. Cheap: tests print millions of lines. */
  heard(): void {
    this.#sinceMs = performance.now();
    this.#waitMs = this.#firstMs;
  }

  end(): void {
    clearTimeout(this.#timer);
  }

  #look(): void {
    const quietMs = performance.now() - this.#sinceMs;
    if (quietMs >= this.#waitMs) {
      this.say(`test     still running, no output for ${duration(quietMs)}`);
      this.#waitMs *= 2;
    }
    this.#timer = setTimeout(() => this.#look(), this.#waitMs - quietMs).unref();
  }
}
