import { createHash } from 'node:crypto';
import type { ByteReader } from './byte-reader';
import { damagedLayer } from './damaged-layer';
import { checkPrefix } from './layer';
import { withLayerReader } from './layer-reader';
import { padding } from './tar-header';
import { nextMember, TarError } from './tar-reader';
import type { TarMember } from './tar-reader';
import { UnpackNames } from './unpack-names';

export type LayerFilesOptions = {
  /** What the layer's tree was put under; taken off the paths. Default `/`. */
  prefix?: string;
  /** Files whose text is wanted, too, up to 1 MiB each. */
  texts?: readonly string[];
  /** Bytes of all files; default 1 GiB. */
  maxBytes?: number;
  signal?: AbortSignal;
};

export type LayerFiles = {
  /** `sha256:...` of each file's content; another digest for the same content where it may be executed; of a link, `link:` and its target. */
  digests: ReadonlyMap<string, string>;
  texts: ReadonlyMap<string, string>;
};

const largestText = 1_048_576;

/**
 * What is in a layer made by `treeLayer`, or any tar archive (gzip or not), file by file; nothing is written.
 * @throws HostileLayerError; TarError, also when it is larger than allowed
 */
export function layerFiles(source: AsyncIterable<Uint8Array>, options: LayerFilesOptions = {}): Promise<LayerFiles> {
  return withLayerReader(source, options.signal, async (reader) => {
    try {
      return await read(reader, options);
    } catch (error) {
      throw damagedLayer(error);
    }
  });
}

async function read(reader: ByteReader, { prefix = '/', texts = [], maxBytes = 1_073_741_824 }: LayerFilesOptions) {
  const names = new UnpackNames(checkPrefix(prefix));
  const digests = new Map<string, string>();
  const wanted = new Map<string, string>();
  let left = maxBytes;
  for (let member = await nextMember(reader); member !== undefined; member = await nextMember(reader)) {
    const place = names.place(member.path);
    left -= member.sizeBytes;
    if (left < 0) throw new TarError('the layer is larger than allowed');
    const path = Buffer.from(place ?? '', 'latin1').toString('utf8'); // '' for the prefix itself, which is a directory
    const { digest, text } = await content(reader, member, texts.includes(path));
    if (digest !== undefined) digests.set(path, digest);
    if (text !== undefined) wanted.set(path, text);
  }
  return { digests, texts: wanted };
}

async function content(
  reader: ByteReader,
  member: TarMember,
  isWanted: boolean,
): Promise<{ digest?: string; text?: string }> {
  if (member.kind === 'symlink') return { digest: `link:${member.target.toString('utf8')}` };
  if (member.kind !== 'file') return {};
  const hash = createHash('sha256');
  if (member.executable) hash.update('executable\0');
  const kept: Buffer[] = [];
  for (let left = member.sizeBytes; left > 0;) {
    const chunk = await reader.some(left);
    left -= chunk.length;
    hash.update(chunk);
    if (isWanted && member.sizeBytes <= largestText) kept.push(chunk);
  }
  await reader.take(padding(member.sizeBytes));
  const text = isWanted && member.sizeBytes <= largestText ? { text: Buffer.concat(kept).toString('utf8') } : {};
  return { digest: `sha256:${hash.digest('hex')}`, ...text };
}
