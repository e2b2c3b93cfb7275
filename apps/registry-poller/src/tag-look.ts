import { parseImageReference, RegistryUnavailableError } from '@keelson/registry';
import type { RegistryClient } from '@keelson/registry';

/** Where a tag points: no digest when there is no such image, or when nobody can say. */
export type TagSeen = { digest?: string; isAway?: boolean };

/** Asks where tags point. A registry that cannot be asked is said once, and keeps nobody from the others. */
export class TagLook {
  /** Why a tag cannot be looked at, as it was said. */
  readonly #said = new Map<string, string>();

  constructor(
    readonly client: RegistryClient,
    readonly notice: (about: string, message: string) => void,
  ) {}

  async at(name: string, signal: AbortSignal): Promise<TagSeen> {
    try {
      const seen = await this.client.head(parseImageReference(name), signal);
      this.#said.delete(name);
      return seen === undefined ? {} : { digest: seen.digest };
    } catch (error) {
      if (signal.aborted || !(error instanceof Error)) throw error;
      if (this.#said.get(name) !== error.message) this.notice(name, error.message);
      this.#said.set(name, error.message);
      return { isAway: error instanceof RegistryUnavailableError };
    }
  }
}
