import type { BlobCache } from './blob-cache';
import { withSession } from './git-session';
import type { GitSession, ObjectSource } from './git-session';
import { collectEntries } from './layer-entries';
import type { PlacedEntry, SubmoduleResolver } from './layer-entries';
import { layerMediaTypes, layerSink } from './layer-sink';
import type { LayerCodec, LayerSink } from './layer-sink';
import { writeContents } from './layer-content';
import { Spool } from './spool';
import { TarWriter } from './tar-writer';

export type LayerOptions = {
  /** Absolute directory that the tree is put under, `/src`; `/` for none. */
  prefix: string;
  codec: LayerCodec;
  /** Finds submodules (`submoduleResolver`); without one they are left as empty directories, and a warning says so. */
  submodules?: SubmoduleResolver;
  /** Larger layers are spooled to a file; default 64 MiB. */
  memoryBytes?: number;
  /** Where; default the system's temporary directory. */
  spoolDirectory?: string;
  /** Contents that need not be read again. */
  cache?: BlobCache | undefined;
  /** Default 1,000,000. */
  maxEntries?: number;
  /** Bytes of all files; default 16 GiB. */
  maxBytes?: number;
  signal?: AbortSignal;
};

/** A tree as an image layer. Its bytes are kept until `dispose`. */
export type TreeLayer = {
  /** Of the stored bytes, `sha256:...`. */
  digest: string;
  /** Of the archive before compression. */
  diffId: string;
  sizeBytes: number;
  mediaType: string;
  /** Files and symbolic links. */
  files: number;
  /** For people: what is in the layer and not what it seems. */
  warnings: readonly string[];
  /** The id of the tree it was made from. */
  tree: string;
  /** The stored bytes from the first on; may be called often. */
  open(): AsyncIterable<Uint8Array>;
  /** Frees what holds the bytes. May be called twice. */
  dispose(): Promise<void>;
};

const format = 1;

/**
 * The name of a layer in a cache: two layers of the same key have the same bytes. The tree's id covers everything in it, the
 * commits of its submodules included.
 */
export const layerKey = (tree: string, prefix: string, codec: LayerCodec): string =>
  `layer-v${format}:${tree}:${checkPrefix(prefix)}:${codec}`;

/**
 * A commit's (or tree's) files as a deterministic layer: entries in byte order of their paths, uid and gid 0, no names, one
 * constant time, modes 0644 and 0755, symbolic links as they are. The same tree gives the same bytes, wherever it was cloned.
 * @throws HostileTreeError; TreeTooLargeError; SubmoduleError; ObjectMissingError; GitError
 */
export async function treeLayer(source: ObjectSource, id: string, options: LayerOptions): Promise<TreeLayer> {
  const prefix = checkPrefix(options.prefix);
  const spool = new Spool({ memoryBytes: options.memoryBytes ?? 67_108_864, directory: options.spoolDirectory });
  const sink = layerSink(options.codec, spool);
  try {
    const written = await withSession(source, (session) => write(session, { id, prefix, sink, options }));
    const digests = await sink.end();
    return {
      ...digests,
      ...written,
      sizeBytes: spool.sizeBytes,
      mediaType: layerMediaTypes[options.codec],
      open: () => spool.read(),
      dispose: () => spool.dispose(),
    };
  } catch (error) {
    sink.destroy();
    await spool.dispose();
    throw error;
  }
}

type Work = { id: string; prefix: string; sink: LayerSink; options: LayerOptions };

async function write(
  session: GitSession,
  { id, prefix, sink, options }: Work,
): Promise<{ files: number; warnings: readonly string[]; tree: string }> {
  const warnings: string[] = [];
  const { tree, entries } = await collectEntries(session, id, {
    maxEntries: options.maxEntries ?? 1_000_000,
    resolve: options.submodules,
    warn: (message) => warnings.push(message),
    signal: options.signal,
  });
  const placed = place(entries, prefix);
  const writer = new TarWriter(sink);
  for (const parent of parentsOf(prefix)) await writer.entry({ kind: 'directory', path: parent });
  const contents = await writeContents(placed, writer, {
    maxBytes: options.maxBytes ?? 17_179_869_184,
    cache: options.cache,
    signal: options.signal,
  });
  await writer.end();
  return { files: contents.files, warnings: [...warnings, ...contents.warnings], tree };
}

/** Puts the entries below the prefix and in byte order; a directory comes before what it holds. */
function place(entries: readonly PlacedEntry[], prefix: string): readonly PlacedEntry[] {
  const start = Buffer.from(prefix === '' ? '' : `${prefix}/`);
  return entries
    .map((entry) => ({ ...entry, path: Buffer.concat([start, entry.path]) }))
    .sort((a, b) => Buffer.compare(a.path, b.path));
}

function parentsOf(prefix: string): readonly Buffer[] {
  const parts = prefix.split('/').filter((part) => part !== '');
  return parts.map((_, index) => Buffer.from(parts.slice(0, index + 1).join('/')));
}

/** @returns the prefix without slashes around it @throws TypeError when it is not absolute, or climbs */
export function checkPrefix(prefix: string): string {
  const parts = prefix.split('/').filter((part) => part !== '');
  // eslint-disable-next-line no-control-regex -- control characters are what is looked for
  if (!prefix.startsWith('/') || parts.includes('..') || parts.includes('.') || /[\u0000-\u001f]/.test(prefix)) {
    throw new TypeError(`${JSON.stringify(prefix)} is not an absolute, plain path`);
  }
  return parts.join('/');
}
