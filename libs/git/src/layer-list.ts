import { createHash } from 'node:crypto';
import type { ByteReader } from './byte-reader';
import { damagedLayer } from './damaged-layer';
import { withLayerReader } from './layer-reader';
import { padding } from './tar-header';
import { nextMember, TarError } from './tar-reader';
import type { TarMember } from './tar-reader';

export type LayerListOptions = {
  /** Entries; default 500,000. */
  maxEntries?: number;
  /** Bytes of all files; default 8 GiB. */
  maxBytes?: number;
  signal?: AbortSignal;
};

/**
 * What is in a layer, path by path: type, mode, owner, and the digest of a file's content or a link's target; no times. Equal texts are
 * equal entries. Of the layer's own markers for what it removes (`.wh.`) the names are left as they are.
 * @throws TarError, also when it is larger than allowed
 */
export async function layerList(
  source: AsyncIterable<Uint8Array>,
  { maxEntries = 500_000, maxBytes = 8_589_934_592, signal }: LayerListOptions = {},
): Promise<ReadonlyMap<string, string>> {
  return withLayerReader(source, signal, async (reader) => {
    const entries = new Map<string, string>();
    let leftBytes = maxBytes;
    try {
      for (let member = await nextMember(reader); member !== undefined; member = await nextMember(reader)) {
        leftBytes -= member.sizeBytes;
        if (leftBytes < 0 || entries.size >= maxEntries) throw new TarError('the layer is larger than allowed');
        entries.set(pathOf(member), await entryText(reader, member));
      }
      return entries;
    } catch (error) {
      throw damagedLayer(error);
    }
  });
}

/** Builders write `./a`, `/a`, `a` and, for a directory, `a/`. The root itself is the empty name. */
const pathOf = ({ path }: TarMember): string =>
  path
    .toString('utf8')
    .replace(/^(?:\.?\/)+/, '')
    .replace(/\/+$/, '')
    .replace(/^\.$/, '');

async function entryText(reader: ByteReader, member: TarMember): Promise<string> {
  const { kind, type, mode, owner, target } = member;
  if (kind === 'symlink') return `link ${owner} -> ${target.toString('utf8')}`;
  const attributes = `${mode.toString(8)} ${owner}`;
  if (kind === 'directory') return `directory ${attributes}`;
  if (kind === 'file') return `file ${attributes} ${await contentDigest(reader, member.sizeBytes)}`;
  return `type ${type} ${attributes} ${target.toString('utf8')}`;
}

async function contentDigest(reader: ByteReader, sizeBytes: number): Promise<string> {
  const hash = createHash('sha256');
  for (let left = sizeBytes; left > 0;) {
    const chunk = await reader.some(left);
    left -= chunk.length;
    hash.update(chunk);
  }
  await reader.take(padding(sizeBytes));
  return `sha256:${hash.digest('hex')}`;
}
