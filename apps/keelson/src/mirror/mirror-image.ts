import {
  blobsOf,
  contentToCopy,
  copyContent,
  formatImageReference,
  parseManifest,
  withDigest,
} from '@keelson/registry';
import type { ContentCopy, Platform, RegistryClient } from '@keelson/registry';
import type { ToMirror } from './mirror-list';

/** What became of one image, as `--json` has it. */
export type Mirrored = {
  from: string;
  to: string;
  /** `there`: it was already; `missing`: it would be copied. */
  state: 'copied' | 'there' | 'missing' | 'failed';
  digest: string | null;
  /** Bytes of its layers and configurations: over the wire, by mounts, and those that were there. */
  sentBytes: number;
  mountedBytes: number;
  thereBytes: number;
  error: string | null;
};

export type MirrorMeans = { client: RegistryClient; platforms: readonly Platform[]; isDryRun: boolean };

type Blob = Parameters<NonNullable<ContentCopy['brought']>>[0];

/** Brings one image, and reads its digest back. What fails is told, and keeps nobody from the next one. */
export async function mirrorImage(means: MirrorMeans, image: ToMirror, signal: AbortSignal): Promise<Mirrored> {
  const names = { from: formatImageReference(image.from), to: formatImageReference(image.to) };
  const bytes = { sentBytes: 0, mountedBytes: 0, thereBytes: 0 };
  const brought = ({ sizeBytes, how }: Blob) => void (bytes[`${how}Bytes`] += sizeBytes);
  try {
    const done = await bring(means, { ...image, brought }, signal);
    return { ...names, ...done, ...bytes, error: null };
  } catch (error) {
    if (signal.aborted || !(error instanceof Error)) throw error;
    return { ...names, state: 'failed', digest: null, ...bytes, error: error.message };
  }
}

type Bringing = Omit<ContentCopy, 'content'>;

async function bring(
  { client, platforms, isDryRun }: MirrorMeans,
  bringing: Bringing,
  signal: AbortSignal,
): Promise<Pick<Mirrored, 'state' | 'digest'>> {
  const { from, to } = bringing;
  const content = await contentToCopy(client, { from, platforms }, signal);
  const { digest } = content;
  if (to.digest !== undefined && to.digest !== digest)
    throw new Error('some of its platforms have another digest than all: leave out --platform, or give it a tag');
  if ((await client.head(to, signal))?.digest === digest) return { state: 'there', digest };
  if (isDryRun) {
    await wouldBring(client, { ...bringing, content }, signal);
    return { state: 'missing', digest };
  }
  await copyContent(client, { ...bringing, content }, signal);
  const found = (await client.head(to, signal))?.digest;
  if (found === digest) return { state: 'copied', digest };
  throw new Error(`${formatImageReference(to)} is ${found ?? 'not there'} after the copy, and should be ${digest}`);
}

/** Tells of each blob what it would take. */
async function wouldBring(client: RegistryClient, copy: ContentCopy, signal: AbortSignal): Promise<void> {
  const { from, to, content, brought } = copy;
  const parsed = parseManifest(content);
  if (parsed.kind === 'index') {
    for (const { digest } of parsed.index.manifests) {
      const child = await client.manifest(withDigest(from, digest), signal);
      await wouldBring(client, { ...copy, content: child }, signal);
    }
    return;
  }
  const isNear = client.isSameRegistry(from.registry, to.registry);
  for (const { digest, size: sizeBytes } of blobsOf(parsed.manifest)) {
    const isThere = await client.hasBlob(to, digest, signal);
    brought?.({ digest, sizeBytes, how: isThere ? 'there' : isNear ? 'mounted' : 'sent' });
  }
}
