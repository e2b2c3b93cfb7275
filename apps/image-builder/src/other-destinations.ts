import type { StageEnded } from '@keelson/ledger';
import { copyImage, parseImageReference, RegistryAuthError } from '@keelson/registry';
import type { Verdict } from '@keelson/work';
import type { JobDeps } from './build-kind';

type Asked = {
  image: NonNullable<StageEnded['image']>;
  others: readonly string[];
  /** Whether we bring the image there; otherwise the builder did. */
  copies: boolean;
};

/**
 * The image under its further names, each read back from its registry. Undefined when it is everywhere; else why not.
 * @throws what a registry throws that is away: asked again
 */
export async function otherDestinations(
  { client }: JobDeps,
  { image, others, copies }: Asked,
  signal: AbortSignal,
): Promise<Verdict | undefined> {
  const from = parseImageReference(`${image.repository}@${image.digest}`);
  for (const name of others) {
    const to = parseImageReference(name);
    try {
      if (copies) await copyImage(client, { from, to }, signal);
      const found = await client.head(to, signal);
      if (found?.digest !== image.digest) return notThere(name, image.digest, found?.digest);
    } catch (error) {
      if (!(error instanceof RegistryAuthError)) throw error;
      return { outcome: 'failure', reason: { code: 'registry-login', message: error.message.slice(0, 4096) } };
    }
  }
  return undefined;
}

const notThere = (name: string, wanted: string, found: string | undefined): Verdict => ({
  outcome: 'error',
  reason: { code: 'no-image', message: `${name} is ${found ?? 'not there'} after the push, and should be ${wanted}` },
});
