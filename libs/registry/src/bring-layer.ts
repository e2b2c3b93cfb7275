import type { Repository } from './image-reference';
import type { RegistryClient } from './registry-client';

/** A blob, where it is, and where it shall be too. */
export type LayerToBring = { digest: string; sizeBytes: number; from: Repository; target: Repository };

/** What it took: nothing, a mount, or all its bytes. */
export type Brought = 'there' | 'mounted' | 'sent';

/**
 * Makes a layer appear in the target repository with as little traffic as its registry allows: nothing when it is known to
 * be there, one mount within one registry, else a stream from the one to the other that touches no disk.
 */
export async function bringLayer(client: RegistryClient, layer: LayerToBring, signal: AbortSignal): Promise<Brought> {
  const { digest, sizeBytes, from, target } = layer;
  const isSameRegistry = client.isSameRegistry(from.registry, target.registry);
  if (isSameRegistry && from.repository === target.repository) return 'there';
  if (client.knowsBlob(target, digest)) return 'there';
  const mounted = isSameRegistry ? await client.mount(target, { digest, from: from.repository }, signal) : undefined;
  if (mounted === 'mounted') return 'mounted';
  // A registry that mounts nothing may still have it, from an earlier push.
  if (await client.hasBlob(target, digest, signal)) return 'there';
  const open = () => client.blob(from, { digest, sizeBytes }, signal);
  await client.putBlob(target, { digest, sizeBytes, open, ...mounted }, signal);
  return 'sent';
}
