import { within } from './within';

/** One part of the process that can be asked whether it does its work. */
export type HealthCheck = {
  name: string;
  /** Why it is not ready, a sentence each; nothing when it is. Throwing is a reason too. */
  reasons(): readonly string[] | Promise<readonly string[]>;
};

export type HealthReport = {
  ready: boolean;
  checks: readonly { name: string; ready: boolean; reasons: readonly string[] }[];
};

/** The checks of one process. Services add theirs as they start; a process without any is not ready yet. */
export class Health {
  readonly #checks = new Set<HealthCheck>();
  readonly #timeoutMs: number;

  /** @param timeoutMs how long a check may take before that is a reason. Default 2 s */
  constructor({ timeoutMs = 2_000 }: { timeoutMs?: number } = {}) {
    this.#timeoutMs = timeoutMs;
  }

  /** Adds a check, and returns what takes it away again. */
  add(check: HealthCheck): () => void {
    this.#checks.add(check);
    return () => this.#checks.delete(check);
  }

  /** Asks every check. Never rejects. */
  async report(): Promise<HealthReport> {
    const checks = await Promise.all([...this.#checks].map((check) => this.#ask(check)));
    return { ready: checks.length > 0 && checks.every((check) => check.ready), checks };
  }

  async #ask(check: HealthCheck): Promise<HealthReport['checks'][number]> {
    const reasons = await this.#reasons(check);
    return { name: check.name, ready: reasons.length === 0, reasons };
  }

  async #reasons(check: HealthCheck): Promise<readonly string[]> {
    const late = () => [`did not answer within ${this.#timeoutMs} ms`];
    try {
      return await within(Promise.resolve(check.reasons()), this.#timeoutMs, late);
    } catch (error) {
      return [error instanceof Error ? error.message : String(error)];
    }
  }
}
