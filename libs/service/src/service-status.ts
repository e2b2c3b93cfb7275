import type { HealthCheck } from './health';

/** What one service knows of its own readiness: whether it takes deliveries, and whether its last publish was confirmed. */
export class ServiceStatus implements HealthCheck {
  #notConsuming: string | undefined;
  #notPublished: string | undefined;

  constructor(readonly name: string) {}

  consuming(isActive: boolean): void {
    this.#notConsuming = isActive ? undefined : 'takes no deliveries';
  }

  /** @param error of the publish; undefined when it was confirmed */
  published(error?: unknown): void {
    if (error === undefined) this.#notPublished = undefined;
    else
      this.#notPublished = `the last publish was not confirmed: ${error instanceof Error ? error.message : String(error)}`;
  }

  reasons(): readonly string[] {
    return [this.#notConsuming, this.#notPublished].filter((reason) => reason !== undefined);
  }
}
