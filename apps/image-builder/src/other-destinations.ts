import type { StageEnded } from '@keelson/ledger';
import { copyImage, parseImageReference } from '@keelson/registry';
import type { Verdict } from '@keelson/work';
import type { JobDeps } from './build-kind';
import type { NewerBuild } from './newer-builds';

type Asked = {
  image: NonNullable<StageEnded['image']>;
  others: readonly string[];
  /** Whether we bring the image there; otherwise the builder did. */
  copies: boolean;
  /** Whoever ends last would leave an older image under a name that both push: these keep theirs, and get them back. */
  newer: readonly NewerBuild[];
};

/**
 * The image under its further names, each read back from its registry. Undefined when it is everywhere; else why not.
 * @throws what a registry throws
 */
export async function otherDestinations(
  { client }: JobDeps,
  { image, others, copies, newer }: Asked,
  signal: AbortSignal,
): Promise<Verdict | undefined> {
  for (const name of others) {
    const winner = newer.find(({ names }) => names.includes(name))?.image;
    const wanted = winner ?? image;
    const found = await digestAt(client, { name, wanted, copies: copies || winner !== undefined }, signal);
    if (found !== wanted.digest) return notThere(name, wanted.digest, found);
  }
  return undefined;
}

type There = Pick<Asked, 'copies'> & { name: string; wanted: Asked['image'] };

/** What is under the name, once the image was copied there where that is to be done. */
async function digestAt(
  client: JobDeps['client'],
  { name, wanted, copies }: There,
  signal: AbortSignal,
): Promise<string | undefined> {
  const to = parseImageReference(name);
  const found = (await client.head(to, signal))?.digest;
  if (!copies || found === wanted.digest) return found;
  await copyImage(client, { from: parseImageReference(`${wanted.repository}@${wanted.digest}`), to }, signal);
  return (await client.head(to, signal))?.digest;
}

const notThere = (name: string, wanted: string, found: string | undefined): Verdict => ({
  outcome: 'error',
  reason: { code: 'no-image', message: `${name} is ${found ?? 'not there'} after the push, and should be ${wanted}` },
});
