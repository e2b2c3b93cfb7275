import { FilePool, unpackLayer } from '@keelson/git';
import type { UnpackedFile } from '@keelson/git';
import { planKey } from '@keelson/ledger';
import type { Ledger } from '@keelson/ledger';
import { planSchema } from '@keelson/pipeline';
import { parseImageReference } from '@keelson/registry';
import type { RegistryClient } from '@keelson/registry';
import { TerminalError } from '@keelson/stage';

/** Fills directories with what images of ours hold, and where it may, takes back what was not touched when they are done with. */
export class PrivateCopies {
  readonly #pool: FilePool | undefined;
  /** What each directory was filled with; known to this process alone, where no job can change it. */
  readonly #filled = new Map<string, readonly UnpackedFile[]>();

  /** @param spare where untouched files wait to be used again: private, and on the file system of the copies. Undefined: none are */
  constructor(
    private readonly ledger: Ledger,
    private readonly client: RegistryClient,
    spare: string | undefined,
  ) {
    this.#pool = spare === undefined ? undefined : new FilePool(spare);
  }

  /**
   * Fills a directory with what an image of ours holds below its working directory: the snapshot it was built from. The base is not
   * entered on one machine. @throws TerminalError for an image that was not built here
   */
  fill = async (image: string, into: string, signal: AbortSignal): Promise<void> => {
    const { digest } = parseImageReference(image);
    for (const run of digest === undefined ? [] : await this.ledger.runsOfImage(digest)) {
      const plan = await this.ledger.read(planKey(run, planSchema));
      if (plan === undefined) continue;
      const blob = this.client.blob(parseImageReference(plan.snapshot.reference), plan.snapshot.layer, signal);
      const prefix = plan.pipeline.image.workdir;
      const { kept } = await unpackLayer(blob, { into, prefix, signal, pool: this.#pool });
      if (kept.length > 0) this.#filled.set(into, kept);
      return;
    }
    throw new TerminalError(`${image} was not built here: only a cluster can run a test inside an image`);
  };

  /** The directory is about to be deleted, and nobody uses it any more. */
  release = async (directory: string): Promise<void> => {
    const files = this.#filled.get(directory);
    this.#filled.delete(directory);
    if (files !== undefined) await this.#pool?.giveBack(files);
  };
}
