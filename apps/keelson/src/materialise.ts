import { unpackLayer } from '@keelson/git';
import { planKey } from '@keelson/ledger';
import type { Ledger } from '@keelson/ledger';
import { planSchema } from '@keelson/pipeline';
import { parseImageReference } from '@keelson/registry';
import type { RegistryClient } from '@keelson/registry';
import { TerminalError } from '@keelson/stage';

/**
 * Fills a directory with what an image of ours holds below its working directory: the snapshot it was built from. The base is not
 * entered on one machine. @throws TerminalError for an image that was not built here
 */
export function materialiser(ledger: Ledger, client: RegistryClient) {
  return async (image: string, into: string, signal: AbortSignal): Promise<void> => {
    const { digest } = parseImageReference(image);
    for (const run of digest === undefined ? [] : await ledger.runsOfImage(digest)) {
      const plan = await ledger.read(planKey(run, planSchema));
      if (plan === undefined) continue;
      const blob = client.blob(parseImageReference(plan.snapshot.reference), plan.snapshot.layer, signal);
      await unpackLayer(blob, { into, prefix: plan.pipeline.image.workdir, signal });
      return;
    }
    throw new TerminalError(`${image} was not built here: only a cluster can run a test inside an image`);
  };
}
