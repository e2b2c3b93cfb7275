import { imagesPrefix } from './keys';
import { unsegment } from './key';
import type { Ledger } from './ledger';

/** Groups of addresses, each of one registry: an embedded registry may get another port, and its records keep the old name. */
export type SameRegistry = readonly (readonly string[])[];

/** A repository by every name under which its records may be; its own first. */
export function repositoryNames(repository: string, sameRegistry: SameRegistry): readonly string[] {
  const slash = repository.indexOf('/');
  const [address, path] = [repository.slice(0, slash), repository.slice(slash)];
  const others = sameRegistry.filter((group) => group.includes(address)).flat();
  return [...new Set([address, ...others])].map((name) => `${name}${path}`);
}

/** The runs that pushed this image to this repository, under whichever address it had then. Empty: somebody else did. */
export async function runsThatPushed(
  ledger: Ledger,
  { repository, digest }: { repository: string; digest: string },
  sameRegistry: SameRegistry = [],
): Promise<readonly string[]> {
  const names = repositoryNames(repository, sameRegistry);
  const runs = await Promise.all(names.map((name) => ledger.store.listSegments(imagesPrefix(name, digest))));
  return runs.flat().map(unsegment);
}
