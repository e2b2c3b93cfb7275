import { newestBases, recordBase } from '@keelson/ledger';
import type { ImageInUse } from '@keelson/ledger';
import { parseImageReference } from '@keelson/registry';
import type { RegistryClient } from '@keelson/registry';
import { instant } from './deps';
import type { RegistryPollerDeps } from './deps';
import { TagLook } from './tag-look';

/** Looks where the tags of bases point, and notes what it sees. */
export class BaseTags {
  readonly #tags: TagLook;

  constructor(
    readonly deps: RegistryPollerDeps,
    client: RegistryClient,
  ) {
    this.#tags = new TagLook(client, deps.notice);
  }

  /** Registries side by side, the bases of each one after the other: one that is away is asked once. */
  async look(images: readonly ImageInUse<unknown>[], signal: AbortSignal): Promise<void> {
    const builtOn = new Map(
      images.flatMap(({ built }) => built?.bases ?? []).map(({ reference, digest }) => [reference, digest]),
    );
    const byHost = new Map<string, string[]>();
    for (const name of builtOn.keys()) {
      const { registry } = parseImageReference(name);
      byHost.set(registry, [...(byHost.get(registry) ?? []), name]);
    }
    const newest = await newestBases(this.deps.ledger);
    await Promise.all(
      [...byHost.values()].map(async (bases) => {
        for (const reference of bases) {
          const { digest, isAway } = await this.#tags.at(reference, signal);
          if (isAway === true) return;
          if (digest === undefined) continue;
          const seenAt = instant(this.deps.clock());
          await recordBase(
            this.deps.ledger,
            { reference, digest, seenAt, builtOn: builtOn.get(reference) },
            newest.get(reference),
          );
        }
      }),
    );
  }
}
