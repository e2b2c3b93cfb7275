import type { RunOutcome } from '@keelson/events';
import {
  CredentialsError,
  ImageNotFoundError,
  InvalidReferenceError,
  RegistryAuthError,
  RegistryProtocolError,
  RegistryUnavailableError,
  UnsupportedImageError,
} from '@keelson/registry';
import type { Verdict } from '@keelson/work';
import type { ImageBuilderDeps } from './deps';

/** A fault that ends the run, and in which words. */
export type Ending = readonly [kind: abstract new (...args: never[]) => Error, outcome: RunOutcome, code: string];

/** How a registry is reached, which asking again does not mend, whatever it is asked for. */
export const accessEndings: readonly Ending[] = [
  [RegistryAuthError, 'failure', 'registry-login'],
  [CredentialsError, 'error', 'registry-credentials'],
  [RegistryProtocolError, 'error', 'registry-protocol'],
];

/** What asking again does not mend. */
const endings: readonly Ending[] = [
  ...accessEndings,
  [InvalidReferenceError, 'failure', 'invalid-reference'],
  // It was there a moment ago; or is nothing that can be brought to further names.
  [ImageNotFoundError, 'error', 'no-image'],
  [UnsupportedImageError, 'error', 'no-image'],
];

/** Asks registries for what jobs pushed that ended well, and knows since when one that is asked is away. */
export class ReadBack {
  readonly #awaySinceMs = new Map<string, number>();

  constructor(readonly deps: Pick<ImageBuilderDeps, 'clock' | 'patienceMs'>) {}

  /**
   * What the registry's answer says, or why there is none.
   * @throws RegistryUnavailableError while it is waited for; and all that is no registry's
   */
  async verdict(name: string, ask: () => Promise<Verdict>, signal: AbortSignal): Promise<Verdict> {
    try {
      const verdict = await ask();
      this.#awaySinceMs.delete(name);
      return verdict;
    } catch (error) {
      if (signal.aborted || !(error instanceof Error)) throw error;
      const [, outcome, code] = endings.find(([kind]) => error instanceof kind) ?? this.#away(name, error);
      this.#awaySinceMs.delete(name);
      return { outcome, reason: { code, message: error.message.slice(0, 4096) }, exitCode: 0 };
    }
  }

  /** From when it was found to be away: the build itself may have taken longer than anybody is waited for. */
  #away(name: string, error: Error): Ending {
    if (!(error instanceof RegistryUnavailableError)) throw error;
    const nowMs = this.deps.clock();
    const sinceMs = this.#awaySinceMs.get(name) ?? nowMs;
    this.#awaySinceMs.set(name, sinceMs);
    if (nowMs - sinceMs < this.deps.patienceMs) throw error;
    return [RegistryUnavailableError, 'error', 'unavailable'];
  }
}
