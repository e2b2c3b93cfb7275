import { parseRepository, RegistryAuthError, RegistryUnavailableError, withDigest } from '@keelson/registry';
import type { RegistryClient } from '@keelson/registry';
import type { Pushed, RunFacts } from './run-facts';

type Asked = { client: RegistryClient; say: (registry: string, why: string) => void; signal: AbortSignal };

/** The runs without what lies in registries that cannot be asked: each of those is said, and left as it is. */
export async function reachableRuns(runs: readonly RunFacts[], asked: Asked): Promise<readonly RunFacts[]> {
  const one = new Map<string, Pushed>();
  for (const run of runs) for (const of of [...run.image, ...run.snapshot]) one.set(registryOf(of), of);
  const away = new Set<string>();
  for (const [registry, pushed] of one) if (!(await answers(pushed, asked))) away.add(registry);
  if (away.size === 0) return runs;
  const there = <T extends Pick<Pushed, 'repository'>>(all: readonly T[]) =>
    all.filter((of) => !away.has(registryOf(of)));
  return runs.map((run) => ({ ...run, image: there(run.image), snapshot: there(run.snapshot), tags: there(run.tags) }));
}

const registryOf = ({ repository }: Pick<Pushed, 'repository'>): string => parseRepository(repository).registry;

async function answers({ repository, digest }: Pushed, { client, say, signal }: Asked): Promise<boolean> {
  const reference = withDigest(parseRepository(repository), digest);
  try {
    await client.head(reference, signal);
    return true;
  } catch (error) {
    if (!(error instanceof RegistryUnavailableError || error instanceof RegistryAuthError)) throw error;
    say(reference.registry, error.message);
    return false;
  }
}
