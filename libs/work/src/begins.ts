/** No list of jobs takes longer; one that is missing after that is gone. */
const listMs = 2000;

/** What this process knows of how its jobs began: when they were asked for, and whether it was told that they run. */
export class Begins {
  readonly #askedAtMs = new Map<string, number>();
  readonly #told = new Set<string>();

  asked(name: string, nowMs: number): void {
    this.#askedAtMs.set(name, nowMs);
  }

  /** Whether it was asked for so short a time ago that a list of jobs may be older. */
  isJustAsked(name: string, nowMs: number): boolean {
    return nowMs - (this.#askedAtMs.get(name) ?? -Infinity) < listMs;
  }

  /** Not before it was asked for: a cluster tells times in whole seconds, rounded down. */
  beganAtMs(name: string, startedAtMs: number): number {
    return Math.max(startedAtMs, this.#askedAtMs.get(name) ?? startedAtMs);
  }

  told(name: string): void {
    this.#told.add(name);
  }

  isTold = (name: string): boolean => this.#told.has(name);

  forget(name: string): void {
    this.#askedAtMs.delete(name);
    this.#told.delete(name);
  }
}
